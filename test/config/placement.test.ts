import { describe, expect, it } from "vitest"
import { readSettings } from "../../src/config/config.ts"
import { JURISDICTIONS, LOCATION_HINTS } from "../../src/placement/placement.ts"

function placementOf(variables: Record<string, unknown>): unknown {
  const settings = readSettings(variables)
  return settings.ok ? settings.value.placement : settings.error.message
}

describe("where objects are made", () => {
  it("[CF1] is the platform's choice when unset", () => {
    const nowhere = { locationHint: null, jurisdiction: null }
    expect(placementOf({})).toEqual(nowhere)
    expect(placementOf({ LOCATION_HINT: "", JURISDICTION: "" })).toEqual(nowhere)
  })

  it.each(LOCATION_HINTS)("[DP2] may be near: %s", (hint) => {
    expect(placementOf({ LOCATION_HINT: hint })).toEqual({ locationHint: hint, jurisdiction: null })
  })

  it.each(JURISDICTIONS)("[DP2] may be within: %s", (jurisdiction) => {
    expect(placementOf({ JURISDICTION: jurisdiction, LOCATION_HINT: "weur" })).toEqual({ locationHint: "weur", jurisdiction })
  })

  it.each([
    ["LOCATION_HINT", LOCATION_HINTS],
    ["JURISDICTION", JURISDICTIONS],
  ])("[DP2] is refused with what is allowed: %s", (name, allowed) => {
    for (const bad of ["europe", "EU", "weur ", "eu,us", 5, true, {}]) {
      const fault = placementOf({ [name]: bad })
      for (const part of [name, JSON.stringify(bad), ...allowed]) expect(fault).toContain(part)
    }
  })
})
