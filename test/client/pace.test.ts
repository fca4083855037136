/** The pace of what is said: at once, then once a tick, however often it is asked for. */
import { expect, it, vi } from "vitest"
import { paced, TICK_MS } from "../../src/client/pace.ts"
import { virtualTime } from "./scene.ts"

virtualTime()

it("[CL5] runs at once after a pause, then once a tick, and not at all when nobody asks", async () => {
  const runs: number[] = []
  const start = Date.now()
  const pace = paced(() => runs.push(Date.now() - start))
  for (let i = 0; i < 20; i++) {
    pace.soon()
    pace.soon()
    await vi.advanceTimersByTimeAsync(5)
  }
  await vi.advanceTimersByTimeAsync(1000)
  expect(runs).toEqual([0, TICK_MS, TICK_MS * 2, TICK_MS * 3, TICK_MS * 4])
  expect(vi.getTimerCount()).toBe(0)
})

it("[CL5] a clock that is set back delays it by a second at most", async () => {
  const run = vi.fn()
  const pace = paced(run)
  pace.soon()
  await vi.advanceTimersByTimeAsync(1)
  vi.setSystemTime(Date.now() - 3_600_000)
  pace.soon()
  await vi.advanceTimersByTimeAsync(1000)
  expect(run).toHaveBeenCalledTimes(2)
})

it("[CL5] has one timer, which can be stopped and need not be waited for", async () => {
  const run = vi.fn()
  const pace = paced(run)
  pace.soon()
  pace.flush()
  expect(run).toHaveBeenCalledTimes(1)
  pace.flush()
  for (let i = 0; i < 5; i++) pace.soon()
  expect(vi.getTimerCount()).toBe(1)
  pace.stop()
  await vi.advanceTimersByTimeAsync(1000)
  expect(run).toHaveBeenCalledTimes(1)
  pace.slowDown(500)
  pace.soon()
  await vi.advanceTimersByTimeAsync(499)
  expect(run).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(run).toHaveBeenCalledTimes(2)
})

it("[CL5] where timers are slow, as in a hidden page, the tick does not wait for them", async () => {
  const run = vi.fn()
  const pace = paced(run)
  pace.soon()
  await Promise.resolve()
  pace.soon()
  vi.setSystemTime(Date.now() + TICK_MS)
  pace.soon()
  await Promise.resolve()
  expect(run).toHaveBeenCalledTimes(2)
})
