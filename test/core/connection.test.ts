import { describe, expect, it } from "vitest"
import { isConnected, isPresent } from "../../src/core/connection.ts"
import { emptyRoster } from "../../src/core/roster.ts"
import { enterAs, join } from "./cast.ts"

describe("a connection", () => {
  it("[EN7] is present with an entry, wherever its socket is", () => {
    const roster = emptyRoster()
    for (const line of [{ at: "socket" }, { at: "grace", until: 5 }, { at: "placed", until: 5 }] as const) {
      expect(isPresent({ ...enterAs(roster, "anna"), line })).toBe(true)
      expect(isPresent({ ...join(roster, "anna"), line })).toBe(false)
    }
  })

  it("[GR1] is connected on its socket alone", () => {
    const connection = enterAs(emptyRoster(), "anna")
    expect(isConnected(connection)).toBe(true)
    expect(isConnected({ ...connection, line: { at: "grace", until: 5 } })).toBe(false)
    expect(isConnected({ ...connection, line: { at: "placed", until: 5 } })).toBe(false)
  })
})
