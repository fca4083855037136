import { describe, expect, it } from "vitest"
import { CLOSE_CODES, CLOSES, closeReply, isGoodbye, LEAVE_REASONS } from "../../src/protocol/close-codes.ts"

describe("close codes", () => {
  it("[ER2] are the contract's, with what a client does next and why the entry leaves", () => {
    const table = Object.entries(CLOSES).map(([code, { retry, leave }]) => [Number(code), retry, leave])
    expect(table).toEqual([
      [4400, "never", "closed"],
      [4401, "reauth", "expired"],
      [4403, "never", "kicked"],
      [4408, "enter", "lost"],
      [4409, "never", null],
      [4410, "never", "room_closed"],
      [4413, "never", "closed"],
      [4429, "pause", "closed"],
      [4440, "user", "idle"],
    ])
    expect(CLOSE_CODES).toEqual(table.map(([code]) => code))
  })

  it("[ER2] have names that fit a Close frame, whose reason is 123 bytes at most", () => {
    for (const { name } of Object.values(CLOSES)) {
      expect(name).not.toBe("")
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(123)
    }
  })

  it("[ER2] leave for a reason out of the contract's list", () => {
    expect(LEAVE_REASONS).toEqual(["left", "closed", "lost", "idle", "kicked", "expired", "room_closed"])
    for (const { leave } of Object.values(CLOSES)) expect([...LEAVE_REASONS, null]).toContain(leave)
  })

  it("[GR4] count 1000 and 1005 alone as a goodbye", () => {
    const goodbyes = Array.from({ length: 5000 }, (_, code) => code).filter(isGoodbye)
    expect(goodbyes).toEqual([1000, 1005])
  })

  it("[FR11] are answered with themselves, and with 1000 where they may not be sent", () => {
    for (const code of [1005, 1006, 1015]) expect(closeReply(code)).toBe(1000)
    for (const code of [1000, 1001, 1011, 3000, 4000, 4999]) expect(closeReply(code)).toBe(code)
  })
})
