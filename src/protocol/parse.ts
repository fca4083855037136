/** Text → frame, or the error frame's content. Size first, JSON second, what it may hold third, schema last. */
import type { z } from "zod"
import { type Refusal, type Result, refused } from "./errors.ts"
import { type ClientFrame, type ClientFrameType, clientFrames } from "./frames.ts"
import { isLongerThan, jsonFault } from "./json.ts"

/** A refused frame; `id` is the request's, when it had a usable one, so that its sender is answered. */
export type FrameError = Refusal & { readonly id?: number }

const TYPES = Object.keys(clientFrames).join(", ")

function isType(type: string): type is ClientFrameType {
  return Object.hasOwn(clientFrames, type)
}

/** `raw` is what the socket delivered; a binary frame is an ArrayBuffer. */
export function parseClientFrame(raw: string | ArrayBuffer, maxFrameBytes: number): Result<ClientFrame, FrameError> {
  if (typeof raw !== "string") {
    if (raw.byteLength > maxFrameBytes) return refused("too_large", tooLarge(maxFrameBytes))
    return refused("bad_frame", "binary frames are not allowed; send JSON as text")
  }
  if (isLongerThan(raw, maxFrameBytes)) return refused("too_large", tooLarge(maxFrameBytes))
  let value: unknown
  try {
    value = JSON.parse(raw)
  } catch {
    return refused("bad_json", "the text is not JSON; a frame is a JSON object with a type")
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refused("bad_frame", "a frame is a JSON object with a type")
  }
  const id = "id" in value && typeof value.id === "number" && Number.isFinite(value.id) ? value.id : undefined
  const fault = jsonFault(value)
  if (fault !== null) return failed("bad_frame", fault, id)
  const type = "type" in value ? value.type : undefined
  if (typeof type !== "string") return failed("bad_frame", `type: a string out of ${TYPES} is required`, id)
  if (!isType(type)) return failed("unknown_type", `the type is unknown; allowed are ${TYPES}`, id)
  const parsed = clientFrames[type].safeParse(value)
  return parsed.success ? { ok: true, value: parsed.data } : failed("bad_frame", firstIssue(parsed.error), id)
}

function tooLarge(maxFrameBytes: number): string {
  return `a frame is ${maxFrameBytes} bytes at most`
}

function failed(code: Refusal["code"], message: string, id: number | undefined): { ok: false; error: FrameError } {
  return { ok: false, error: id === undefined ? { code, message } : { code, message, id } }
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  if (issue === undefined) return "the frame does not fit its schema"
  return issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message
}
