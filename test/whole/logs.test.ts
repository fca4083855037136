/** The log of a real process under hostile use: every line is an event of the list, and no secret is in any. */
import { expect, it, vi } from "vitest"
import { z } from "zod"
import { EVENTS } from "../../src/log/events.ts"
import { refusedUpgrade } from "./refusals.ts"
import { DEV_ADMIN_KEY, DEV_SECRET, serviceForFile } from "./service.ts"
import { WEBHOOK_SECRET } from "./webhook-receiver.ts"
import { connect, dial, enter, freshRoom, tokenFor } from "./wire-client.ts"

/** Nobody listens there; a path may hold a key. */
const HOOK_KEY = "hook-key-hook-key-hook-key"
const service = serviceForFile({
  REPORT_MS: 100,
  GRACE_MS: 300,
  MAX_FRAMES_PER_SECOND: 20,
  WEBHOOK_URL: `http://127.0.0.1:9/${HOOK_KEY}`,
  WEBHOOK_SECRET,
  WEBHOOK_RETRY_MS: 0,
})

const lineSchema = z.looseObject({ level: z.string(), event: z.string(), heldBack: z.int().positive().optional() })
type Line = z.infer<typeof lineSchema>

function linesOf(output: string): Line[] {
  return Array.from(output.matchAll(/\{"level":.*\}/g), ([line]) => lineSchema.parse(JSON.parse(line)))
}

it("[LG1] [LG2] nothing that strangers, members or operators send is in it", { timeout: 90_000 }, async () => {
  const room = freshRoom()
  const token = await tokenFor("anna", { info: { name: "private-name-of-anna" } })
  const bad = await tokenFor("anna", {}, "another-secret-another-secret-another")
  const wrongKey = "wrong-admin-key-wrong-admin-key"
  const session = "NobodysSession-NobodysSession-32"
  const ask = async (method: string, path: string, authorization: string, body?: string) => {
    const init = { method, headers: { authorization, "user-agent": "private-agent", "x-forwarded-for": "203.0.113.77" } }
    const response = await fetch(`${service.url}${path}`, body === undefined ? init : { ...init, body })
    await response.text()
    return response.status
  }
  const anna = await enter(service, { room, member: "anna", token }, { note: "private-data-of-anna" })
  const bert = await enter(service, { room, member: "bert" })
  await anna.ask({ type: "send", event: "chat", data: "private-message-of-anna" })
  expect(await anna.refused({ type: "auth", token: bad })).toBe("bad_token")
  for (const text of [`{"type":"auth","token":"${token}"`, `{"type":"${token}"}`, "\u0000", "[".repeat(3000)]) anna.sendText(text)
  // In every place that a client may put it, and in some that it may not.
  for (const by of ["subprotocol", "header", "query"] as const) await refusedUpgrade(service, { room, token: bad, by, session })
  const socket = await dial(service, {
    room: `${room}-2`,
    token: `${token}x`,
    by: "query",
    headers: { "cf-connecting-ip": "203.0.113.78" },
  })
  await new Promise((resolve) => socket.once("error", resolve))
  for (const key of [wrongKey, `${DEV_ADMIN_KEY}x`, token, bad]) {
    for (const path of ["/metrics", "/v1/admin/stats", `/v1/admin/rooms/${room}`, `/v1/admin/rooms/${room}?key=${wrongKey}`]) {
      expect(await ask("GET", path, `Bearer ${key}`)).toBe(401)
    }
    expect(await ask("POST", "/v1/admin/tokens", `Bearer ${key}`, `{"member":"x","secret":"${DEV_SECRET}"}`)).toBe(401)
  }
  const key = `Bearer ${DEV_ADMIN_KEY}`
  expect(await ask("POST", "/v1/admin/tokens", key, `{"member":"${token}"`)).toBe(400)
  expect(await ask("GET", `/${token}`, key)).toBe(404)
  expect(await ask("GET", `/v1/rooms/${encodeURIComponent(`bad ${token}`)}/connect`, `Bearer ${token}`)).toBe(400)
  // Deeds, a flood, and webhooks that nobody takes.
  expect(await ask("DELETE", `/v1/admin/rooms/${room}/members/bert?ban=1000`, key)).toBe(200)
  await bert.ended()
  const flood = await connect(service, { room, member: "flood" })
  for (let i = 0; i < 100; i++) flood.sendText(`{"type":"update","data":{"x":"private-data-${i}"}}`)
  await flood.ended()
  expect(await ask("DELETE", `/v1/admin/rooms/${room}`, key)).toBe(204)
  await vi.waitFor(
    async () => {
      await ask("GET", "/healthz", "")
      const events = linesOf(service.output()).map(({ event }) => event)
      expect(events).toEqual(expect.arrayContaining(["webhook_failed", "requests_refused", "member_kicked", "room_closed"]))
    },
    { timeout: 30_000, interval: 300 },
  )

  const lines = linesOf(service.output())
  for (const { level, event, heldBack: _, ...facts } of lines) {
    const known = Object.entries(EVENTS).find(([name]) => name === event)?.[1]
    expect(known, event).toBeDefined()
    expect(level).toBe(known?.level)
    expect(Object.keys(facts).sort(), event).toEqual([...(known?.fields ?? [])].sort())
  }
  const refused = lines.filter(({ event }) => event === "requests_refused")
  const refusals = z.array(z.object({ counts: z.record(z.string(), z.int().positive()) })).parse(refused)
  expect(refusals.reduce((sum, { counts }) => sum + (counts["bad_token"] ?? 0), 0)).toBeGreaterThan(0)
  expect(refused.length, "merged").toBeLessThan(12)
  expect(lines).toContainEqual({ level: "info", event: "member_kicked", room, member: "bert", kicked: 1, bannedUntil: expect.any(Number) })
  const told = lines.map((line) => JSON.stringify(line)).join("\n")
  const parts = [token, bad].flatMap((jwt) => jwt.split("."))
  const sessions = [anna, bert, flood].map(({ welcome }) => welcome.session)
  const given = [HOOK_KEY, WEBHOOK_SECRET]
  const secrets = [DEV_SECRET, DEV_ADMIN_KEY, wrongKey, session, ...sessions]
  for (const secret of secrets) expect(secret.length).toBeGreaterThan(12)
  for (const text of [...secrets, ...given, ...parts, "private-", "203.0.113", "127.0.0.1"]) expect(told.includes(text), text).toBe(false)
  // Nor in what the development server says besides: the variables of its command line, and the paths that it was asked for.
  for (const text of [...secrets, "private-"]) expect(service.output().includes(text), text).toBe(false)
})
