import { Webhook } from "standardwebhooks"
import { describe, expect, it } from "vitest"
import { RollcallError } from "../../src/server/error.ts"
import { verifyWebhook, type WebhookHeaders } from "../../src/server/webhook.ts"

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
const other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

const at = "2026-11-25T12:00:00.000Z"
const anna = { room: "doc-1", sequence: 7, member: "anna", info: { name: "Anna" } }
const events = [
  { type: "room.occupied", timestamp: at, data: { room: "doc-1", sequence: 6 } },
  { type: "room.vacated", timestamp: at, data: { room: "doc-1", sequence: 9 } },
  { type: "member.entered", timestamp: at, data: anna },
  { type: "member.left", timestamp: at, data: { ...anna, sequence: 8, reason: "closed" } },
]

function signed(payload: string, { by = secret, at = new Date() } = {}): Record<string, string> {
  return {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(by).sign("msg_1", at, payload),
  }
}

function refusalOf(payload: string | Uint8Array, headers: WebhookHeaders, by: string | readonly string[] = secret): RollcallError {
  try {
    verifyWebhook(payload, headers, by)
  } catch (error) {
    if (error instanceof RollcallError) return error
    throw error
  }
  throw new Error("it was not refused")
}

describe("verifyWebhook", () => {
  it.each(events)("[WH1] gives the event $type with its id", (event) => {
    const payload = JSON.stringify(event)
    expect(verifyWebhook(payload, signed(payload), secret)).toEqual({ ...event, id: "msg_1" })
  })

  const payload = JSON.stringify({ ...events[2], data: { ...anna, member: "Ännä" } })
  const headers = signed(payload)
  const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]))
  it.each([
    ["bytes", Buffer.from(payload), headers],
    ["a Headers object", payload, new Headers(headers)],
    ["names in any case and values in lists", payload, { ...upper, host: undefined }],
  ])("[WH2] takes %s", (_what, body, given) => {
    expect(verifyWebhook(body, given, secret)).toMatchObject({ id: "msg_1", data: { member: "Ännä" } })
  })

  it("[WH2] takes any of several secrets", () => {
    expect(verifyWebhook(payload, headers, [other, secret])).toMatchObject({ id: "msg_1" })
  })

  const minutesAgo = (minutes: number) => ({ at: new Date(Date.now() - minutes * 60_000) })
  it.each([
    ["another body", `${payload} `, headers],
    ["another secret", payload, signed(payload, { by: other })],
    ["another id", payload, { ...headers, "webhook-id": "msg_2" }],
    ["no signature", payload, { "webhook-id": "msg_1", "webhook-timestamp": headers["webhook-timestamp"] }],
    ["no headers", payload, {}],
    ["what was signed long ago", payload, signed(payload, minutesAgo(6))],
    ["what was signed in the future", payload, signed(payload, minutesAgo(-6))],
  ])("[WH3] refuses %s", (_what, body, given) => {
    expect(refusalOf(body, given)).toMatchObject({ code: "bad_signature", status: 401 })
  })

  it.each([
    ["unknown_type", JSON.stringify({ ...events[0], type: "room.painted" })],
    ["bad_request", JSON.stringify({ ...events[3], data: { ...anna, reason: "bored" } })],
    ["bad_request", JSON.stringify({ type: "room.occupied", data: { room: "doc-1", sequence: 1 } })],
    ["bad_request", "[]"],
    ["bad_json", "{"],
  ])("[WH4] a signed body that does not fit is %s", (code, body) => {
    expect(refusalOf(body, signed(body))).toMatchObject({ code })
  })

  it.each([[""], ["whsec_"], ["whsec_not base64!"], [[]]])(
    "[WH5] a secret that is none is misconfigured, not a bad signature: %j",
    (none) => {
      const error = refusalOf(payload, headers, none)
      expect(error.code).toBe("misconfigured")
      expect(error.message).not.toContain("not base64!")
    },
  )
})
