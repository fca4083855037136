import { describe, expect, it } from "vitest"
import type { Bills, StormResult } from "../../bench/load/result.ts"
import { billed, neverAsleep } from "../../bench/report/cost.ts"
import { goals, goalsTable, isMet } from "../../bench/report/goals.ts"
import { plots } from "../../bench/report/plots.ts"
import { tables } from "../../bench/report/tables.ts"
import type { Run } from "../../bench/rounds.ts"
import { choose, FULL, readStorm, standardScenarios } from "../../bench/scenarios.ts"

const storm: StormResult = {
  kind: "storm",
  failed: 0,
  closed: 0,
  partial: 0,
  stale: 0,
  lost: 0,
  generatorCores: 0.2,
  otherCores: 0,
  rssMb: 100,
  offeredPerS: 1000,
  deliveredPerS: 1000,
  skippedShare: 0,
  checked: 2450,
  staleDuring: 0,
  seconds: 10,
  p50Ms: 10,
  p95Ms: 20,
  p99Ms: 30,
  serverCores: 0.1,
  cpuUsPerState: 1,
  bytesPerState: 25,
  statesPerFrame: 10,
  oneThreadShare: 1,
  sendLagMs: 1,
}

function run(target: Run["target"], result: Partial<StormResult>): Run {
  return { scenario: "storm-50", target, result: { ...storm, ...result } }
}

const scenarios = standardScenarios(FULL)

describe("[BN6] goals", () => {
  const verdicts = (runs: readonly Run[]) => Object.fromEntries(goals(runs).map((goal) => [goal.what, isMet(goal)]))

  it("are met by the median of the rounds, at the limit too", () => {
    const runs = [10, 15, 90].map((p50Ms) => run("rollcall", { p50Ms }))
    expect(verdicts(runs)["p50, ms"]).toBe(true)
    expect(verdicts([...runs, run("rollcall", { p50Ms: 90 })])["p50, ms"]).toBe(false)
  })

  it("compare with the peer in the same runs", () => {
    const ratio = (party: number) =>
      verdicts([run("rollcall", { cpuUsPerState: 1 }), run("party", { cpuUsPerState: party })])["CPU per update, of PartyServer's"]
    expect([ratio(4), ratio(3.9)]).toEqual([true, false])
  })

  it("are broken by the worst run where something must never happen", () => {
    const runs = [run("rollcall", {}), run("rollcall", {}), run("deflate", {}), run("deflate", { staleDuring: 1 })]
    expect(verdicts(runs)).toMatchObject({
      "stale pairs in any run": true,
      "stale pairs in any run, with rollcall.v1.deflate": false,
    })
  })

  it("are broken by a run without a value, and not told of without a run", () => {
    expect(verdicts([run("rollcall", { p99Ms: null })])["p99, ms"]).toBe(false)
    expect(verdicts([run("rollcall", {})])).not.toHaveProperty("CPU per update, of PartyServer's")
    expect(goals([])).toEqual([])
    expect(goalsTable(goals([run("rollcall", { p99Ms: 36 })]))).toContain("| storm-50 | p99, ms | ≤ 35 | 36 | **no** |")
  })
})

it("[BN4] a table has a row for each server that was run, with its medians and the worst of what must not happen", () => {
  const runs = [run("rollcall", { stale: 0 }), run("rollcall", { stale: 49 }), run("party", { p99Ms: null, cpuUsPerState: 4 })]
  const rows = tables(scenarios, runs).split("\n")
  expect(rows[0]).toBe("### Cursor storm: 50 members in one room, 10 updates a second each")
  expect(rows.find((row) => row.startsWith("| rollcall"))).toContain("| 0.25× | – | 10 / 20 / 30 | 25 |")
  expect(rows.find((row) => row.startsWith("| rollcall"))).toMatch(/\| 0 \| 2.0 % of pairs \|$/)
  expect(rows.find((row) => row.startsWith("| party"))).toContain("| 10 / 20 / – |")
  expect(rows.some((row) => row.startsWith("| ws"))).toBe(false)
})

it("[BN5] there is a plot of what was run, and none of what was not", () => {
  expect(plots(scenarios, [run("rollcall", {})]).map(({ file }) => file)).toEqual([
    "performance-cpu.svg",
    "performance-delivered.svg",
    "performance-latency.svg",
  ])
  expect(plots(scenarios, [])).toEqual([])
})

describe("[BN7] a bill", () => {
  const nothing = { constructed: 0, requests: 0, messages: 0, alarms: 0, rowsRead: 0, rowsWritten: 0, activeMs: 0 }
  const bills: Bills = {
    Room: { ...nothing, requests: 3, messages: 40, alarms: 1, rowsWritten: 7, rowsRead: 9, activeMs: 500 },
    Directory: { ...nothing, requests: 2, rowsWritten: 1, activeMs: 500 },
  }

  it("adds up both classes of objects, a message being a twentieth of a request", () => {
    const { dollars, ...counted } = billed(bills, 2)
    expect(counted).toEqual({ requests: 4, rowsWritten: 4, rowsRead: 4.5, gbS: 0.064 })
    expect(dollars).toBeCloseTo(4 * 0.15e-6 + 4e-6 + 4.5e-9 + 0.064 * 12.5e-6, 12)
  })

  it("of a room that never sleeps has every second and every ping in it", () => {
    const { requests, gbS, rowsWritten } = neverAsleep(bills, 200, 3600, 10)
    expect(requests).toBeCloseTo(0.8 + 200 / 20 / 10)
    expect(gbS).toBeCloseTo((3600 * 0.128) / 10)
    expect(rowsWritten).toBeCloseTo(0.8)
  })
})

describe("[BN8] scenarios", () => {
  const names = (...words: string[]) => choose(scenarios, words).map(({ name }) => name)

  it("are chosen by name, or by the beginning of several", () => {
    expect(names("storm-50", "joins")).toEqual(["storm-50", "joins-1000"])
    expect(names("storm")).toEqual(["storm-50", "storm-200", "storm-500", "storm-1000", "storm-2000@2", "storm-5000@1"])
    expect(() => names("storm-5")).toThrow(/storm-5 is no scenario; these are: storm-50, /)
  })

  it("are also any number of members at any rate", () => {
    expect(readStorm("300@2.5", FULL)).toMatchObject({ name: "storm-300@2.5", scenario: { perRoom: 300, rate: 2.5 } })
    expect(() => readStorm("300", FULL)).toThrow(/--storm is 300/)
  })
})
