import { expect, test } from "vitest"
import * as react from "../../src/react/index.tsx"

test("[RX14] createHooks gives the plain hooks themselves, one set for all types", () => {
  const hooks = react.createHooks()
  expect(Object.keys(hooks)).toHaveLength(10)
  expect(react).toMatchObject(hooks)
})
