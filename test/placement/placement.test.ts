import { describe, expect, it } from "vitest"
import {
  JURISDICTIONS,
  LOCATION_HINTS,
  type LocationHint,
  type Namespace,
  NoJurisdiction,
  objectOf,
} from "../../src/placement/placement.ts"

/** A namespace whose stubs say how they were asked for. */
function namespace(within = "anywhere"): Namespace<string> {
  return {
    getByName: (name: string, options?: { locationHint: LocationHint }) =>
      `${name} in ${within} near ${options?.locationHint ?? "whoever asks"}`,
    jurisdiction: (jurisdiction) => namespace(jurisdiction),
  }
}

describe("objectOf", () => {
  it("[DP1] leaves the place to the platform when nothing is set", () => {
    expect(objectOf(namespace(), "doc-1", { locationHint: null, jurisdiction: null })).toBe("doc-1 in anywhere near whoever asks")
  })

  it("[DP1] asks for the hint, within the jurisdiction", () => {
    for (const locationHint of LOCATION_HINTS) {
      expect(objectOf(namespace(), "doc-1", { locationHint, jurisdiction: null })).toBe(`doc-1 in anywhere near ${locationHint}`)
      for (const jurisdiction of JURISDICTIONS) {
        expect(objectOf(namespace(), "doc-1", { locationHint, jurisdiction })).toBe(`doc-1 in ${jurisdiction} near ${locationHint}`)
      }
    }
    expect(objectOf(namespace(), "shard-0", { locationHint: null, jurisdiction: "eu" })).toBe("shard-0 in eu near whoever asks")
  })

  it("[DP3] makes no object elsewhere where the runtime knows no jurisdictions", () => {
    const refusing: Namespace<string> = {
      ...namespace(),
      jurisdiction() {
        throw new Error("not implemented")
      },
    }
    const ask = () => objectOf(refusing, "doc-1", { locationHint: null, jurisdiction: "eu" })
    expect(ask).toThrow(NoJurisdiction)
    expect(ask).toThrow(/JURISDICTION is "eu".*leave it unset/)
    expect(objectOf(refusing, "doc-1", { locationHint: "weur", jurisdiction: null })).toContain("near weur")
  })
})
