/** A hundred thousand steps of many clients in one room, in virtual time: the core's side of the design's seven invariants. */
import { isDeepStrictEqual } from "node:util"
import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { entriesOf } from "./naive-room.ts"
import type { Picture } from "./picture.ts"
import { MAX_DATA_BYTES, type Play, paceLimits, play, script } from "./script.ts"
import type { Socket, Told } from "./simulated-room.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const STEPS = 100_000
const RUNS_AT_ONCE = 100
const AN_HOUR_MS = 3_600_000

type History = Play["history"]

/** What a picture shows that the room did not show at any moment since the last that it showed is a ghost, or a flap. */
function watchMoments(): (told: Told, history: History) => void {
  const seenUpTo = new Map<Socket, number>()
  return ({ socket, message, event }, history) => {
    expect(socket.connection.grants.subscribe).toBe(true)
    if (message !== null) {
      expect(message.to === null || message.to.has(socket.connection.member)).toBe(true)
      return
    }
    const from = Math.max(seenUpTo.get(socket) ?? 0, socket.wholeAt)
    const moment = history.findIndex((room, i) => i >= from && i <= event && isDeepStrictEqual(new Map(socket.picture), new Map(room)))
    expect(moment, "a moment of the room that the picture shows").toBeGreaterThanOrEqual(0)
    seenUpTo.set(socket, moment)
  }
}

function expectSmall(picture: Picture): void {
  for (const { data } of picture.values()) expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThanOrEqual(MAX_DATA_BYTES)
}

function check({ room, history, people }: Play): void {
  const truth = entriesOf(people)
  expect(history.at(-1)).toEqual(truth)
  for (const { connection, picture } of room.sockets.values()) {
    if (connection.grants.subscribe) expect(new Map(picture)).toEqual(new Map(truth))
    expectSmall(picture)
  }
  for (const { messages } of room.flushes) expect(messages).toBe(0)
  const flushes = room.flushes.length
  room.wait(AN_HOUR_MS)
  expect(room.flushes, "nothing is told while nothing happens").toHaveLength(flushes)
  for (const connection of [...room.roster.connections.values()]) room.end(connection, "lost")
  room.settle()
  expect([room.roster.connections.size, room.roster.presentOf.size, room.sockets.size, room.isWaiting]).toEqual([0, 0, 0, false])
}

describe("the model", () => {
  it("[MD1] holds the invariants over a hundred thousand steps: convergence, no ghost, no flap, no leak, bounded, free when idle, nothing left", () => {
    let steps = 0
    while (steps < STEPS) {
      fc.assert(
        fc.property(paceLimits, script, (limits, events) => {
          const watch = watchMoments()
          let isPlaying = true
          const played = play(limits, events, (told, history) => {
            // The history ends with the script; that everybody goes is not in it.
            if (isPlaying) watch(told, history)
          })
          isPlaying = false
          steps += played.history.length - 1
          check(played)
        }),
        { numRuns: RUNS_AT_ONCE },
      )
    }
    console.warn(`${steps} steps`)
    expect(steps).toBeGreaterThanOrEqual(STEPS)
  })
})
