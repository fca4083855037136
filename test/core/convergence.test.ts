import { isDeepStrictEqual } from "node:util"
import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import type { Entry } from "../../src/protocol/frames.ts"
import type { Picture } from "./picture.ts"
import { paceLimits, play, script } from "./script.ts"
import type { Socket } from "./simulated-room.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const RUNS = { numRuns: 600 }

function sorted(picture: Picture | undefined): [number, Entry][] {
  return [...(picture ?? [])].sort(([a], [b]) => a - b)
}

/** Whether the picture shows what the room showed at that moment; the order of keys means nothing. */
function shows(picture: Picture, moment: Picture): boolean {
  return isDeepStrictEqual(new Map(picture), new Map(moment))
}

function expectToShow(picture: Picture, moment: Picture = new Map()): void {
  if (shows(picture, moment)) return
  // This comparison explains itself, and is ten times slower.
  expect(sorted(picture)).toStrictEqual(sorted(moment))
  throw new Error("the picture differs from the room")
}

describe("any sequence of events, told at any pace to observers that join at any point", () => {
  it("[OB2] gives every observer the roster's picture once frames stop", () => {
    fc.assert(
      fc.property(paceLimits, script, (limits, events) => {
        const { room, history, people } = play(limits, events)
        expect(Array.from(room.sockets.keys()).sort()).toEqual(
          people
            .filter(({ line }) => line === "connected")
            .map(({ id }) => id)
            .sort(),
        )
        for (const { connection, picture } of room.sockets.values()) {
          if (connection.grants.subscribe) expectToShow(picture, history.at(-1))
        }
      }),
      RUNS,
    )
  })

  it("[CN10] tells nothing to who may not subscribe", () => {
    fc.assert(
      fc.property(paceLimits, script, (limits, events) => {
        play(limits, events, ({ socket }) => {
          expect(socket.connection.grants.subscribe).toBe(true)
        })
      }),
    )
  })

  it("[MS5] tells a message in its place: nothing later before it, nothing earlier after it", () => {
    fc.assert(
      fc.property(paceLimits, script, (limits, events) => {
        play(limits, events, ({ socket, message }, history) => {
          const sentAt = Number(message?.frame.data)
          // Who was welcomed or synced since then has seen the later room already.
          if (message === null || socket.wholeAt > sentAt) return
          expectToShow(socket.picture, history[sentAt])
        })
      }),
      RUNS,
    )
  })

  it("[OB2] shows every observer the room as it was at some moment, and never an earlier one after a later", () => {
    fc.assert(
      fc.property(paceLimits, script, (limits, events) => {
        const seenUpTo = new Map<Socket, number>()
        play(limits, events, ({ socket, message, event }, history) => {
          if (message !== null) return
          const from = Math.max(seenUpTo.get(socket) ?? 0, socket.wholeAt)
          const moment = history.findIndex((room, i) => i >= from && i <= event && shows(socket.picture, room))
          if (moment < 0) throw new Error(`ref ${socket.connection.ref} was shown what the room never showed from event ${from} on`)
          seenUpTo.set(socket, moment)
        })
      }),
      RUNS,
    )
  })

  it("[MS3] delivers every accepted message exactly once to each connection that it is for and that was there", () => {
    fc.assert(
      fc.property(paceLimits, script, (limits, events) => {
        const heard: [number, string][] = []
        const { accepted } = play(limits, events, ({ socket, message }) => {
          if (message === null) return
          const { id, ref, member } = socket.connection
          heard.push([Number(message.frame.data), id])
          expect(message.to === null || message.to.has(member)).toBe(true)
          expect(ref).toBeLessThan(message.before)
        })
        expect(new Set(heard.map((one) => one.join()))).toHaveProperty("size", heard.length)
        expect(heard.every(([sentAt]) => accepted.includes(sentAt))).toBe(true)
        // In the order in which they were sent, for everybody.
        for (const id of new Set(heard.map(([, one]) => one))) {
          const order = heard.filter(([, one]) => one === id).map(([sentAt]) => sentAt)
          expect(order).toEqual([...order].sort((a, b) => a - b))
        }
      }),
    )
  })

  it("[MS3] reaches its sender, if that may subscribe and stays", () => {
    fc.assert(
      fc.property(paceLimits, fc.integer({ min: 1, max: 5 }), (limits, messages) => {
        const one = { who: 0, wait: 0, event: { is: "send", to: null } } as const
        const { room, accepted } = play(limits, Array(messages).fill(one))
        const [socket] = room.sockets.values()
        expect(socket?.messages.map((text) => JSON.parse(text).data)).toEqual(accepted)
        expect(accepted.length).toBeGreaterThan(0)
      }),
    )
  })

  it("[MS6] leaves no message behind when it flushes", () => {
    fc.assert(
      fc.property(paceLimits, script, (limits, events) => {
        for (const { messages } of play(limits, events).room.flushes) expect(messages).toBe(0)
      }),
    )
  })

  it("[PC2] keeps a tick between two presence frames, unless a message waits behind the later one", () => {
    fc.assert(
      fc.property(paceLimits, script, (limits, events) => {
        const told = play(limits, events).room.flushes.filter(({ presences }) => presences > 0)
        for (const [i, flush] of told.entries()) {
          const before = told[i - 1]
          if (before !== undefined && !flush.isForced) expect(flush.at - before.at).toBeGreaterThanOrEqual(limits.tickMs)
          if (flush.presences > 1) expect(flush.isForced).toBe(true)
        }
      }),
    )
  })

  it("[PC1] tells at once what comes after a pause of a stretched tick", () => {
    fc.assert(
      fc.property(paceLimits, script, (limits, events) => {
        const { room } = play(limits, events)
        room.wait(1000 + (room.sockets.size * 3 * 1000) / limits.fanoutPerSecond)
        const talker = [...room.sockets.values()].find(({ connection }) => connection.grants.presence)
        fc.pre(talker !== undefined)
        const flushes = room.flushes.length
        room.say(talker.connection, { type: "enter", data: {} })
        expect(room.flushes.slice(flushes)).toMatchObject([{ at: room.now, presences: 1 }])
      }),
    )
  })
})
