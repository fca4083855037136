/** Receivers that fail, and a runtime that is killed before the queue has what happened. */
import { afterEach, expect, it } from "vitest"
import { type Service, startService, waitForHealth } from "./service.ts"
import { type Receiver, startReceiver, WEBHOOK_SECRET } from "./webhook-receiver.ts"
import { enter, freshRoom, silence } from "./wire-client.ts"

const running: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})

async function scene(variables: Record<string, string | number> = {}): Promise<{ receiver: Receiver; service: Service }> {
  const receiver = await startReceiver()
  const service = await startService({ WEBHOOK_URL: receiver.url, WEBHOOK_SECRET, WEBHOOK_RETRY_MS: 0, ...variables })
  running.push({ close: () => service.kill() }, receiver)
  return { receiver, service }
}

it("[WH11] who fails five times hears it the sixth, with the same id, and in order", { timeout: 60_000 }, async () => {
  const { receiver, service } = await scene()
  const room = freshRoom()
  let failures = 0
  receiver.answer = () => {
    if (failures >= 5) return 200
    failures++
    return [500, 410, 302, 429, 404][failures - 1] ?? 500
  }
  const anna = await enter(service, { room, member: "anna" })
  await receiver.until(() => receiver.accepted(room).length === 2, "both events", 40_000)
  expect(receiver.story(room)).toEqual(["room.occupied", "member.entered anna"])
  const [first] = receiver.accepted(room)
  expect(receiver.heard.filter(({ id }) => id === first?.id).length).toBeGreaterThan(1)
  expect(receiver.heard.filter(({ status }) => status !== 200)).toHaveLength(5)
  expect(receiver.faults).toEqual([])
  await anna.close(1000)
})

it("[WH12] what fails eleven times is a dead letter, which is logged; what happens later is delivered", { timeout: 90_000 }, async () => {
  const { receiver, service } = await scene()
  const room = freshRoom()
  receiver.answer = ({ event }) => (event.type === "room.occupied" ? 500 : 200)
  const anna = await enter(service, { room, member: "anna" })
  await receiver.until(() => service.output().includes("webhook_dead"), "a dead letter", 60_000)
  const refused = receiver.heard.filter(({ event }) => event.type === "room.occupied")
  expect(refused).toHaveLength(11)
  expect(new Set(refused.map(({ id }) => id)).size).toBe(1)
  const line = /\{[^\n]*"webhook_dead"[^\n]*\}/.exec(service.output())?.[0] ?? ""
  expect(JSON.parse(line)).toMatchObject({ event: "webhook_dead", id: refused[0]?.id, room, attempts: 11 })
  await receiver.until(() => /dead letter queue "rollcall-webhooks-dead"/.test(service.output()), "the queue's own word on it")
  await receiver.until(() => receiver.story(room).includes("member.entered anna"), "the event behind it")
  expect(/^.*"webhook_(failed|dead)".*$/gm.exec(service.output())?.[0]).not.toContain(new URL(receiver.url).port)
  await anna.close(1000)
})

it("[WH13] a runtime killed between the change and the queue loses nothing", { timeout: 60_000 }, async () => {
  const delay = 4000
  const { receiver, service } = await scene({
    WEBHOOK_DELAY_MS: delay,
    GRACE_MS: 1000,
    HEARTBEAT_INTERVAL_MS: 1000,
    HEARTBEAT_TIMEOUT_MS: 2000,
  })
  const room = freshRoom()
  const at = Date.now()
  await enter(service, { room, member: "anna" })
  const [, userWorker] = service.workerdPids()
  if (userWorker === undefined) throw new Error("there is no second workerd")
  process.kill(userWorker, "SIGKILL")
  expect(Date.now() - at).toBeLessThan(delay)
  expect(receiver.heard).toEqual([])
  while (service.workerdPids().includes(userWorker)) await silence(20)
  await waitForHealth(service.url)
  await receiver.until(() => receiver.accepted(room).length >= 4, "all of it", 30_000)
  expect(receiver.story(room)).toEqual(["room.occupied", "member.entered anna", "member.left anna closed", "room.vacated"])
})
