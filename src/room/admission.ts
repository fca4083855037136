/** What the Worker, having verified the token, tells the room about whoever asks to connect: one header, made by it alone. */
import { z } from "zod"
import { viewSchema } from "../protocol/views.ts"

const session = z.object({
  /** Public, and derived from the session: who knows a connection's id cannot resume it. */
  connection: z.string(),
  /** Secret: only its client holds it, and the room does not keep it. */
  session: z.string(),
})

const schema = z.object({
  room: z.string(),
  identity: z.object({
    member: z.string(),
    info: z.looseObject({}),
    grants: z.object({ subscribe: z.boolean(), presence: z.boolean(), message: z.boolean() }),
    expiresAt: z.number(),
  }),
  fresh: session,
  resume: session.nullable(),
  /** How many frames of the room the client says that it has had. */
  have: z.int().nullable(),
  wantsUpgrade: z.boolean(),
  subprotocol: z.string().nullable(),
  view: viewSchema,
})

export type Admission = z.infer<typeof schema>
export type SessionKeys = z.infer<typeof session>

const HEADER = "rollcall-admission"

/** A request built anew, so that no header of the client's reaches the room. */
export function admissionRequest(admission: Admission): Request {
  const headers = new Headers({ [HEADER]: encodeURIComponent(JSON.stringify(admission)) })
  if (admission.wantsUpgrade) headers.set("upgrade", "websocket")
  return new Request("https://room.invalid/connect", { headers })
}

export function readAdmission(request: Request): Admission {
  return schema.parse(JSON.parse(decodeURIComponent(request.headers.get(HEADER) ?? "")))
}
