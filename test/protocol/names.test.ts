import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import {
  isRoomName,
  MAX_INFO_BYTES,
  MAX_MEMBER_BYTES,
  PING,
  PONG,
  PROTOCOL_VERSION,
  ROOM_NAME_RULE,
  SUBPROTOCOL,
} from "../../src/protocol/names.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const ALLOWED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:,;=@~"

describe("room names", () => {
  it("[CN2] allows 1 to 128 characters of the set and nothing else", () => {
    const name = fc.string({ unit: fc.constantFrom(...ALLOWED), minLength: 1, maxLength: 128 })
    fc.assert(
      fc.property(name, (room) => {
        expect(isRoomName(room)).toBe(true)
      }),
    )
    const any = fc.string({ unit: "binary", maxLength: 140 })
    fc.assert(
      fc.property(any, (room) => {
        const fits = room.length >= 1 && room.length <= 128 && [...room].every((character) => ALLOWED.includes(character))
        expect(isRoomName(room)).toBe(fits)
      }),
    )
  })

  it.each([
    ["nothing", ""],
    ["129 characters", "a".repeat(129)],
    ["a slash", "a/b"],
    ["a space", "a b"],
    ["a line's end after it", "room\n"],
    ["a line's end before it", "\nroom"],
    ["a percent sign", "a%20b"],
    ["an asterisk", "doc-*"],
    ["a letter beyond ASCII", "zoë"],
    ["a null character", "room\u0000"],
  ])("[CN2] refuses %s", (_what, name) => {
    expect(isRoomName(name)).toBe(false)
  })

  it("[CN2] names every allowed character in the sentence that a refusal says", () => {
    expect(ROOM_NAME_RULE).toBe("a room name is 1 to 128 characters of A-Z a-z 0-9 _ - . : , ; = @ ~")
  })
})

describe("the contract's other names", () => {
  it("[CN1] are those of version 1", () => {
    expect([PROTOCOL_VERSION, SUBPROTOCOL]).toEqual([1, "rollcall.v1"])
    expect([MAX_MEMBER_BYTES, MAX_INFO_BYTES]).toEqual([256, 4096])
  })

  it("[FR1] have bare texts for the ping and its answer", () => {
    expect([PING, PONG]).toEqual(["ping", "pong"])
  })
})
