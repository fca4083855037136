import { expect, it } from "vitest"
import { CAPABILITIES } from "../../src/protocol/capabilities.ts"

it("[AU5] the capabilities are the contract's", () => {
  expect(CAPABILITIES).toEqual(["subscribe", "presence", "message"])
})
