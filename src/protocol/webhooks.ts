/** What the service tells a backend: the body of a webhook, in the form of the Standard Webhooks specification. */
import { z } from "zod"
import { LEAVE_REASONS } from "./close-codes.ts"

/** ISO 8601, as the specification has it: when it happened, not when it was delivered. */
const timestamp = z.iso.datetime()
const room = z.string()
/** Grows with each event of a room, not by one: of two events, the larger happened later. */
const sequence = z.int().nonnegative()
const member = z.string()
const info = z.looseObject({})

/** The id, for those that come twice, is in the headers. */
export const webhookSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("room.occupied"), timestamp, data: z.object({ room, sequence }) }),
  z.object({ type: z.literal("room.vacated"), timestamp, data: z.object({ room, sequence }) }),
  z.object({ type: z.literal("member.entered"), timestamp, data: z.object({ room, sequence, member, info }) }),
  z.object({
    type: z.literal("member.left"),
    timestamp,
    data: z.object({ room, sequence, member, info, reason: z.enum(LEAVE_REASONS) }),
  }),
])

export type Webhook = z.infer<typeof webhookSchema>

/** From the room to the consumer, through the queue. `payload` is the body's text: the bytes that are signed stay the same over retries. */
export const queuedWebhookSchema = z.object({ id: z.string(), room: z.string(), payload: z.string() })

export type QueuedWebhook = z.infer<typeof queuedWebhookSchema>
