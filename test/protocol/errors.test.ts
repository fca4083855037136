import { describe, expect, it } from "vitest"
import { ERROR_CODES, ERRORS, ok, PROBLEM_MEDIA_TYPE, problemOf, refused } from "../../src/protocol/errors.ts"

/** The contract's list, with the statuses that it names; the others are 400 to 599. */
const CODES = [
  "bad_json",
  "bad_frame",
  "unknown_type",
  "not_entered",
  "forbidden",
  "too_large",
  "too_fast",
  "bad_token",
  "bad_room",
  "bad_request",
  "not_found",
  "banned",
  "room_full",
  "member_full",
  "bad_origin",
  "upgrade_required",
  "misconfigured",
  "internal",
]

describe("error codes", () => {
  it("[ER1] are the contract's, each with one status and a title", () => {
    expect([...ERROR_CODES].sort()).toEqual([...CODES].sort())
    for (const { status, title } of Object.values(ERRORS)) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThanOrEqual(599)
      expect(title).toMatch(/^[A-Z]/)
    }
  })

  it("[ER1] have the statuses that the contract names", () => {
    const { bad_room, bad_token, forbidden, bad_origin, banned, too_fast, member_full, room_full, upgrade_required, not_found } = ERRORS
    expect([bad_room, bad_token, forbidden, bad_origin, banned].map(({ status }) => status)).toEqual([400, 401, 403, 403, 409])
    expect([too_fast, member_full, room_full, upgrade_required, not_found].map(({ status }) => status)).toEqual([429, 429, 503, 426, 404])
    expect([ERRORS.misconfigured.status, ERRORS.internal.status]).toEqual([503, 500])
  })
})

describe("problems", () => {
  it("[ER1] end their type in the code, and say what is wrong and what is allowed", () => {
    for (const code of ERROR_CODES) {
      const problem = problemOf({ code, message: "what is wrong" })
      expect(problem.type).toMatch(new RegExp(`[/:#]${code}$`))
      expect(URL.canParse(problem.type)).toBe(true)
      expect(problem).toEqual({ type: problem.type, title: ERRORS[code].title, status: ERRORS[code].status, detail: "what is wrong" })
    }
  })

  it("[CF2] take another status where the call wants it, and keep the code", () => {
    const problem = problemOf({ code: "misconfigured", message: "" }, 500)
    expect(problem.status).toBe(500)
    expect(problem.type).toMatch(/misconfigured$/)
  })

  it("[ER1] have RFC 9457's media type", () => {
    expect(PROBLEM_MEDIA_TYPE).toBe("application/problem+json")
  })
})

describe("results", () => {
  it("[ER1] are a value or a refusal with a code", () => {
    expect(ok(1)).toEqual({ ok: true, value: 1 })
    expect(refused("too_fast", "slower")).toEqual({ ok: false, error: { code: "too_fast", message: "slower" } })
  })
})
