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
    hold(socket.connection.grants.subscribe, "whoever hears may subscribe")
    if (message !== null) {
      hold(message.to === null || message.to.has(socket.connection.member), "a message is for whoever hears it")
      return
    }
    let moment = Math.max(seenUpTo.get(socket) ?? 0, socket.wholeAt)
    while (moment <= event && !isDeepStrictEqual(socket.picture, history[moment])) moment++
    hold(moment <= event, "the picture shows a moment of the room")
    seenUpTo.set(socket, moment)
  }
}

/** Asked of every frame: `expect` takes longer for it than the room for the frame. */
function hold(isTrue: boolean, what: string): void {
  if (!isTrue) expect.fail(`does not hold: ${what}`)
}

function holdsLittle(picture: Picture): boolean {
  return [...picture.values()].every(({ data }) => Buffer.byteLength(JSON.stringify(data)) <= MAX_DATA_BYTES)
}

function check({ room, history, people }: Play): void {
  const truth = entriesOf(people)
  expect(history.at(-1)).toEqual(truth)
  for (const { connection, picture } of room.sockets.values()) {
    hold(!connection.grants.subscribe || isDeepStrictEqual(picture, truth), "a picture is the room's")
    hold(holdsLittle(picture), "nobody's data is larger than it may be")
  }
  hold(
    room.flushes.every(({ messages }) => messages === 0),
    "no flush leaves a message behind",
  )
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
