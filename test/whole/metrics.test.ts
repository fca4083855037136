/** What `/metrics` of a running service says, and that docs/metrics.md and the dashboard speak of the same. */
import { describe, expect, it, vi } from "vitest"
import { z } from "zod"
import { textOf } from "../imports-of.ts"
import { type Family, sampleOf, scrape } from "./prometheus.ts"
import { askedPlainly, refusedUpgrade } from "./refusals.ts"
import { DEV_ADMIN_KEY, serviceForFile } from "./service.ts"
import { connect, enter, freshRoom, tokenFor } from "./wire-client.ts"

const service = serviceForFile({ REPORT_MS: 100, HEARTBEAT_INTERVAL_MS: 500, HEARTBEAT_TIMEOUT_MS: 1500, GRACE_MS: 1000 })

const labelsOf = ({ metrics }: Family) => [...new Set(metrics.flatMap(({ labels = {} }) => Object.keys(labels)))]

describe("docs/metrics.md", () => {
  it("[MT2] lists what a running service has, with type, labels and meaning, and nothing else", async () => {
    const rows = textOf("docs/metrics.md").matchAll(/^\| `(rollcall_\w+)` \| (\w+) \|\s*([^|]*?)\s*\| (.+) \|$/gm)
    const listed = Array.from(rows, ([, name, type, labels = "", help]) => ({
      name,
      type: type?.toUpperCase(),
      labels: Array.from(labels.matchAll(/`(\w+)`/g), ([, label]) => label),
      help,
    }))
    const families = await scrape(service)
    expect(families.length).toBeGreaterThan(20)
    expect(listed).toEqual(
      families.map((family) => ({ name: family.name, type: family.type, labels: labelsOf(family), help: family.help })),
    )
  })

  it("[MT2] all values of a label are there from the start", async () => {
    const families = await scrape(service)
    const values = (name: string) =>
      families.find((family) => family.name === name)?.metrics.flatMap(({ labels = {} }) => Object.values(labels))
    expect(values("rollcall_leaves_total")).toEqual(["left", "closed", "lost", "idle", "kicked", "expired", "room_closed"])
    expect(values("rollcall_closes_total")).toContain("4408")
    expect(values("rollcall_refusals_total")).toEqual(values("rollcall_errors_total"))
    for (const { metrics } of families) expect(metrics.length).toBeGreaterThan(0)
  })
})

const dashboardSchema = z.object({
  title: z.literal("Rollcall"),
  panels: z
    .array(z.object({ id: z.int(), title: z.string().min(1), targets: z.array(z.object({ expr: z.string().min(1) })).min(1) }))
    .min(10),
})

describe("docs/grafana-dashboard.json", () => {
  it("[MT4] asks for metrics that exist, by labels and values that they have", async () => {
    const families = new Map((await scrape(service)).map((family) => [family.name, family]))
    const { panels } = dashboardSchema.parse(JSON.parse(textOf("docs/grafana-dashboard.json")))
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const asked = new Set<string>()
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        const names = expr.match(/\brollcall_\w+/g) ?? []
        expect(names.length, `${title}: ${expr}`).toBeGreaterThan(0)
        for (const name of names) {
          asked.add(name)
          const family = families.get(name)
          expect(family, `${title}: ${name}`).toBeDefined()
          // A counter is asked for its rate, a gauge for its value.
          const isRate = new RegExp(`(rate|increase)\\(${name}\\b`).test(expr)
          expect(isRate, `${title}: ${expr}`).toBe(family?.type === "COUNTER")
          const by = Array.from(expr.matchAll(/\bby \(([^)]*)\)/g), ([, labels = ""]) => labels.split(/, */)).flat()
          const filters = Array.from(expr.matchAll(new RegExp(`${name}\\{([^}]*)\\}`, "g")), ([, inside = ""]) =>
            inside.split(/, */),
          ).flat()
          const filtered = filters.map((filter) => /^(\w+)(?:=|!=)"([^"]*)"$/.exec(filter) ?? [filter, "not understood", ""])
          for (const label of [...by, ...filtered.map(([, label]) => label)]) {
            expect(family === undefined ? [] : labelsOf(family), `${title}: ${label}`).toContain(label)
          }
          const values = family?.metrics.flatMap(({ labels = {} }) => Object.values(labels)) ?? []
          for (const [, , value] of filtered) expect(values, `${title}: ${value}`).toContain(value)
        }
      }
    }
    expect(
      [...families.keys()].filter((name) => !asked.has(name)),
      "what no panel shows",
    ).toEqual([])
  })
})

describe("the totals", () => {
  it("[MT3] show what has happened, by reason and by code", { timeout: 60_000 }, async () => {
    const before = await scrape(service)
    const room = freshRoom()
    const watch = async (url: string, method: string) => {
      const response = await fetch(`${service.url}${url}`, { method, headers: { authorization: `Bearer ${DEV_ADMIN_KEY}` } })
      expect(response.status).toBe(200)
      await response.text()
    }
    const [anna, bert, chloe, dora] = await Promise.all(
      ["anna", "bert", "chloe", "dora"].map((member) => enter(service, { room, member, closeLimitMs: 50 })),
    )
    if (anna === undefined || bert === undefined || chloe === undefined || dora === undefined) throw new Error("nobody is there")
    const pings = setInterval(() => anna.sendText("ping"), 200)
    try {
      await anna.ask({ type: "update", data: { x: 1 } })
      await anna.ask({ type: "send", event: "e", data: 1 })
      anna.sendText("{")
      expect(await anna.refused({ type: "nonsense" })).toBe("unknown_type")
      await chloe.drop()
      const back = await connect(service, { room, member: "chloe", session: chloe.welcome.session })
      expect(back.welcome.resumed).toBe(true)
      await back.close(1000)
      const stranger = await tokenFor("anna", {}, "another-secret-another-secret-another")
      expect(await refusedUpgrade(service, { room, token: stranger })).toMatchObject({ status: 401 })
      await watch(`/v1/admin/rooms/${room}/members/bert?ban=60000`, "DELETE")
      expect(await askedPlainly(service, { room, member: "bert" })).toMatchObject({ code: "banned" })
      expect(await dora.ended()).toMatchObject({ code: 4408 })
      const grown = [
        ["rollcall_frames_in_total", 6],
        ["rollcall_frames_out_total", 8],
        ["rollcall_updates_total", 1],
        ["rollcall_messages_total", 1],
        ["rollcall_enters_total", 4],
        ["rollcall_resumes_total", 1],
        ["rollcall_alarms_total", 1],
        ["rollcall_sweeps_total", 1],
        ["rollcall_wakeups_total", 1],
        ["rollcall_cache_misses_total", 1],
        ["rollcall_leaves_total", 1, "left"],
        ["rollcall_leaves_total", 1, "kicked"],
        ["rollcall_leaves_total", 1, "lost"],
        ["rollcall_closes_total", 1, "4403"],
        ["rollcall_closes_total", 1, "4408"],
        ["rollcall_errors_total", 1, "bad_json"],
        ["rollcall_errors_total", 1, "unknown_type"],
        ["rollcall_refusals_total", 1, "bad_token"],
        ["rollcall_refusals_total", 1, "banned"],
      ] as const
      await vi.waitFor(
        async () => {
          // Whoever comes makes the room report.
          await (await connect(service, { room, member: "late" })).close(1000)
          const now = await scrape(service)
          for (const [name, by, label] of grown) {
            expect(sampleOf(now, name, label) - sampleOf(before, name, label), `${name} ${label ?? ""}`).toBeGreaterThanOrEqual(by)
          }
          expect(sampleOf(now, "rollcall_rooms")).toBe(1)
          expect(sampleOf(now, "rollcall_members")).toBe(1)
        },
        { timeout: 20_000, interval: 250 },
      )
      const after = await scrape(service)
      // Once each, and nothing else went wrong.
      for (const [name, by, label] of grown) {
        if (label === undefined) continue
        const once = label === "left" ? 1 : by
        expect(sampleOf(after, name, label) - sampleOf(before, name, label), `${name} ${label}`).toBe(once)
      }
      expect(sampleOf(after, "rollcall_errors_total", "internal")).toBe(0)
      expect(sampleOf(after, "rollcall_refusals_total", "internal")).toBe(0)
    } finally {
      clearInterval(pings)
    }
  })
})
