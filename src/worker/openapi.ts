/** What every described route shares: its parameters, its problems, and an app that answers bad input with one. */
import { OpenAPIHono, z } from "@hono/zod-openapi"
import { problemSchema } from "../protocol/admin.ts"
import { ERROR_CODES, ERRORS, type ErrorCode, PROBLEM_MEDIA_TYPE } from "../protocol/errors.ts"
import { isLongerThan } from "../protocol/json.ts"
import { MAX_MEMBER_BYTES, ROOM_NAME, ROOM_NAME_RULE } from "../protocol/names.ts"
import type { AppEnv } from "./app.ts"
import { problem } from "./problem.ts"

export function describedApp(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return undefined
      const [issue] = result.error.issues
      const where = issue?.path.join(".") ?? ""
      if (result.target === "param" && where === "room") return problem({ code: "bad_room", message: ROOM_NAME_RULE })
      return problem({ code: "bad_request", message: where === "" ? (issue?.message ?? "malformed") : `${where}: ${issue?.message}` })
    },
  })
}

export const roomParam = z.object({ room: z.string().regex(ROOM_NAME, ROOM_NAME_RULE).openapi({ example: "doc-1" }) })

export const memberParam = roomParam.extend({
  member: z
    .string()
    .min(1)
    .refine((name) => !isLongerThan(name, MAX_MEMBER_BYTES), `${MAX_MEMBER_BYTES} bytes at most are allowed`)
    .openapi({ example: "anna" }),
})

export function answers<S extends z.ZodType>(description: string, schema: S) {
  return { description, content: { "application/json": { schema } } }
}

const problemComponent = problemSchema.openapi("Problem", {
  example: { type: "urn:rollcall:error:bad_room", title: "The room's name is not allowed", status: 400, detail: ROOM_NAME_RULE },
})

/** The problems that a call may answer with, by status; any call may meet a service that is set up wrongly, 500. */
export function problems(...statuses: number[]) {
  return described(statuses, [...SOCKET_ONLY, ...CONNECT_ONLY])
}

/** Those of the connect, which meets the room's limits as well. */
export function connectProblems(...statuses: number[]) {
  return described(statuses, SOCKET_ONLY)
}

function described(statuses: readonly number[], never: readonly ErrorCode[]) {
  const content = { [PROBLEM_MEDIA_TYPE]: { schema: problemComponent } }
  return Object.fromEntries([...statuses, 500].map((status) => [status, { description: titles(status, never), content }]))
}

/** What the error codes of this status say. */
function titles(status: number, never: readonly ErrorCode[]): string {
  const codes = ERROR_CODES.filter((code) => ERRORS[code].status === status && !never.includes(code))
  return codes.map((code) => ERRORS[code].title).join("; or: ")
}

/** Only frames meet these. */
const SOCKET_ONLY: readonly ErrorCode[] = ["bad_frame", "unknown_type", "not_entered"]
const CONNECT_ONLY: readonly ErrorCode[] = ["room_full", "member_full", "bad_origin", "upgrade_required"]

/** The call's token is `Authorization: Bearer`: an admin key, or a member's JWT. */
export const ADMIN_KEY = [{ adminKey: [] }]
export const MEMBER_TOKEN = [{ memberToken: [] }]
