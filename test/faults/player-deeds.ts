/** What a raw client does in one step, for good or ill, and what has to come of it. */
import type { Said } from "./book.ts"
import { silentBound } from "./clocks.ts"
import { type Data, patchedData } from "./life.ts"
import type { Player } from "./player.ts"
import { between, pickBy } from "./random.ts"
import type { PlayerDeed } from "./schedule.ts"

type Dice = readonly [number, number, number]
type Deed = (player: Player, dice: Dice, others: readonly Player[]) => Promise<void>

/** A masked text frame that claims 100 bytes and brings three; a frame with an opcode that does not exist. */
const HALF_FRAME = Uint8Array.of(0x81, 0xe4, 1, 2, 3, 4, 5, 6, 7)
const BAD_OPCODE = Uint8Array.of(0x8b, 0x80, 1, 2, 3, 4)
const DEEP = `{"type":"update","data":${'{"a":'.repeat(40)}1${"}".repeat(40)}}`
const GARBAGE: readonly (readonly [string | Uint8Array, string])[] = [
  ["{", "bad_json"],
  ["\u0000\u{1f600}", "bad_json"],
  ["[]", "bad_frame"],
  ["null", "bad_frame"],
  ['{"type":7}', "bad_frame"],
  ['{"type":"conquer"}', "unknown_type"],
  ['{"type":"enter","data":[]}', "bad_frame"],
  ['{"type":"update","data":{"x":1e999}}', "bad_frame"],
  ['{"type":"update","data":{"__proto__":{"x":1}}}', "bad_frame"],
  ['{"type":"send","event":5}', "bad_frame"],
  [DEEP, "bad_frame"],
  [new Uint8Array(40), "bad_frame"],
]
const ERRORS_TO_THE_END = 20
/** The share of updates that the room is put to sleep after. */
const SLEEPS_AFTER = 0.4
const ANSWER_LIMIT_MS = 4000
const CLOSE_LIMIT_MS = 3000

export const DEEDS: Readonly<Record<PlayerDeed, Deed>> = {
  async enter(player) {
    if (player.canPresence) await player.enter(player.data())
    else expectAnswer(player, await player.ask({ type: "enter", data: player.data() }), "forbidden", "too_fast")
  },

  /** Several patches at once: some are merged in one tick. */
  async update(player, [count, key]) {
    if (!(await isPresent(player))) return
    const patches = Array.from({ length: between(1, 4, count) }, (_, i): Data => {
      const name = `key-${between(0, 3, (key + i / 4) % 1)}`
      return { n: player.nextWord(), [name]: (key * 10 + i) % 3 < 1 ? null : { at: player.nextWord() } }
    })
    await patch(player, patches, "ack")
    if ((count * 7) % 1 > SLEEPS_AFTER) return
    // What has just been told has to outlive a sleep.
    await wait(player.book.chronicle.clocks.tick + 10)
    await player.book.sleep()
  },

  async leave(player) {
    const { life } = player
    if (!player.canPresence || life === null || !Number.isFinite(life.enteredAt)) return
    life.leaveSent(Date.now())
    player.wanted = null
    const answer = await player.ask({ type: "leave" })
    if (answer === "ack") life.left(Date.now())
    else expectAnswer(player, answer, "ack")
  },

  async say(player, [to, how], others) {
    const { book } = player
    const n = player.nextWord()
    const id = `${player.name}-${n}-${book.said.size}`
    const everybody = [player, ...others].map(({ name }) => name)
    const list = how < 0.3 ? [pickBy(everybody, to), pickBy(everybody, how / 0.3)] : how < 0.35 ? [] : null
    const message: Said = { id, by: player.name, to: list, sentAt: Date.now(), takenAt: null, wasRefused: false }
    book.said.set(id, message)
    const frame = {
      type: "send",
      event: "say",
      data: { id, n, by: player.name, mark: `mark-${book.room}` },
      ...(list === null ? {} : { to: list }),
    }
    const answer = await player.ask(frame)
    if (answer === "ack") message.takenAt = Date.now()
    else if (answer !== null) message.wasRefused = true
    expectAnswer(player, answer, player.role === "listener" ? "forbidden" : "ack")
  },

  async sync(player) {
    if (player.ear !== null) player.ear.askedAt = Date.now()
    expectAnswer(player, await player.ask({ type: "sync" }), "ack", "too_fast")
  },

  async cut(player, [how, pause, back]) {
    const { life } = player
    if (!player.isUp || life === null) return
    const at = Date.now()
    player.cut(how < 0.5 ? "reset" : "end")
    const { grace } = player.book.chronicle.clocks
    // Within grace mostly, sometimes on its very edge, sometimes past it.
    await wait(back < 0.7 ? pause * grace * 0.7 : back < 0.85 ? grace * (0.9 + pause * 0.2) : grace * (1.2 + pause))
    await player.book.lookUpEnd(life, at)
    if (player.wanted !== null && pause < 0.2) player.wanted = player.data()
  },

  async halfFrame(player, [how]) {
    if (!player.isUp || !player.line.isHealthy) return
    player.isEnding = true
    player.line.inject(how < 0.5 ? HALF_FRAME : BAD_OPCODE)
    if (how < 0.5) await wait(20)
    player.cut("reset")
  },

  async vanish(player, [stays, pause]) {
    if (!player.isUp) return
    player.cut("vanish")
    player.isGone = stays < 0.35
    await wait(pause * player.book.chronicle.clocks.timeout * 1.2)
  },

  /** Its line is good and it says nothing: the room has to give it up. */
  async mute(player, [long]) {
    if (!player.isUp) return
    player.isMute = true
    await wait(long * player.book.chronicle.clocks.timeout * 1.3)
    player.isMute = false
  },

  async delay(player, [ms, long]) {
    player.line.delay(between(5, 120, ms))
    setTimeout(() => player.line.mend(), between(100, 700, long))
  },

  async stall(player, [direction, long]) {
    if (!player.isUp || !player.line.isHealthy) return
    player.line.stall(pickBy(["up", "down", "both"], direction))
    await wait(long * player.book.chronicle.clocks.timeout * 0.35)
    player.line.mend()
    player.send({ type: "pong" })
  },

  async goodbye(player, [how]) {
    const { life } = player
    if (!player.isUp || life === null || !player.line.isHealthy) return
    player.isEnding = true
    life.saidGoodbye(Date.now())
    player.book.ended(life)
    const { client } = player
    if (how < 0.5) client?.socket.close(1000)
    else client?.socket.close()
    // Whoever comes back before its goodbye was heard takes the session over.
    await client?.closed(CLOSE_LIMIT_MS * player.book.chronicle.clocks.stretch).catch(() => {})
    player.wanted = how < 0.25 || how > 0.75 ? player.wanted : null
  },

  /** The same session on a second socket, while the first is up: the first is closed, and nobody sees it. */
  async supersede(player) {
    const { client, life } = player
    if (client === null || life === null || !player.isUp || !player.line.isHealthy) return
    player.expected.add(4409)
    const dialled = await player.dial(life.session)
    if (!("client" in dialled)) {
      player.expected.delete(4409)
      return
    }
    if (dialled.client.welcome.resumed) player.client = null
    player.welcomed(dialled)
    await until(() => !client.isOpen)
    player.expected.delete(4409)
    const bye = client.all("bye")[0]
    if (bye !== undefined && dialled.client.welcome.resumed && bye.code !== 4409)
      player.book.report("bounded", `superseded with ${bye.code}`)
    await player.beWanted()
  },

  /** Another's session, or one that never was: a fresh connection, and the other does not notice. */
  async steal(player, [whose], others) {
    const victim = pickBy(others, whose)
    const session = whose < 0.2 ? "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" : victim.life?.session
    if (session === undefined || victim === player) return
    const dialled = await player.dial(session)
    if (!("client" in dialled)) return
    player.book.count("thefts tried")
    const { welcome } = dialled.client
    if (welcome.resumed) player.book.report("no leak", `${player.name} resumed the session of ${victim.name}`)
    dialled.client.socket.close(1000)
    dialled.ear.closedAt = Date.now()
  },

  async garbage(player, [count, first]) {
    if (!player.isUp) return
    const { client } = player
    const before = client?.all("error").length ?? 0
    const sent = Array.from({ length: between(1, 6, count) }, (_, i) => pickBy(GARBAGE, (first + i / 7) % 1))
    for (const [text] of sent) {
      player.heardAgain()
      client?.socket.send(text)
    }
    const answers = () => client?.all("error").slice(before) ?? []
    await until(() => client?.isOpen !== true || answers().length >= sent.length, ANSWER_LIMIT_MS * player.book.chronicle.clocks.stretch)
    if (client?.isOpen !== true || client.all("bye").length > 0) return
    const wanted = sent.map(([, code]) => code).join()
    const got = answers()
      .map(({ code }) => code)
      .join()
    player.book.count("garbage answered", sent.length)
    if (got !== wanted) player.book.report("bounded", `${player.name} sent garbage for ${wanted} and got ${got}`)
    expectAnswer(player, await player.ask({ type: "pong" }), "ack")
  },

  async garbageToTheEnd(player) {
    await toTheEnd(player, 4400, ERRORS_TO_THE_END, () => "{")
  },

  async oversize(player) {
    const { maxFrame } = player.book.chronicle.clocks
    await toTheEnd(player, 4413, 1, () => `{"type":"update","data":{"x":"${"ü".repeat(maxFrame / 2)}"}}`)
  },

  async flood(player) {
    const { framesPerSecond } = player.book.chronicle.clocks
    await toTheEnd(player, 4429, framesPerSecond * 4, () => '{"type":"pong"}')
  },

  /** The token ends soon; renewed just before, or not. */
  async shortToken(player, [renews]) {
    const { life } = player
    if (!player.isUp || life === null) return
    const expiresAt = Math.ceil((Date.now() + 300) / 1000) * 1000
    life.expiresAt = Math.min(life.expiresAt, expiresAt)
    const answer = await player.ask({ type: "auth", token: await player.token(300) })
    expectAnswer(player, answer, "ack", ...(Date.now() >= expiresAt ? ["bad_token"] : []))
    if (renews < 0.5 || answer !== "ack") return
    await wait(expiresAt - Date.now() - 150)
    const renewed = await player.ask({ type: "auth", token: await player.token() })
    if (renewed === "ack" && player.isUp) life.expiresAt = expiresAt + 3_000_000
  },

  async badAuth(player, [how], others) {
    const token = how < 0.3 ? await pickBy(others, how).token() : how < 0.6 ? "a.b.c" : await player.token(3000, { rooms: {} })
    if (how < 0.3 && pickBy(others, how) === player) return
    expectAnswer(player, await player.ask({ type: "auth", token }), "bad_token", "forbidden")
  },

  /** Data grows by patches until it would be too large: the sum counts, and what is refused changes nothing. */
  async swell(player, [by]) {
    if (!(await isPresent(player))) return
    for (let i = 0; i < 5 && player.isUp; i++) {
      const { life, book } = player
      const known = life?.isCertain === true ? life.possible[0] : undefined
      if (known === undefined) return
      const more = { [`big-${i}`]: "ö".repeat(between(150, 320, by)) }
      const size = Buffer.byteLength(JSON.stringify(patchedData(known, more)))
      await patch(player, [more], size > book.chronicle.clocks.maxData ? "too_large" : "ack")
    }
    await patch(player, [Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`big-${i}`, null]))], "ack")
  },

  /** What the token does not grant, or who has not entered. */
  async overreach(player) {
    if (player.role === "listener") {
      expectAnswer(player, await player.ask({ type: "update", data: player.data() }), "forbidden")
      expectAnswer(player, await player.ask({ type: "send", event: "say", data: {} }), "forbidden")
      return
    }
    const isObserver = player.life !== null && player.life.enterSentAt === Number.NEGATIVE_INFINITY
    if (isObserver) expectAnswer(player, await player.ask({ type: "update", data: player.data() }), "not_entered")
    const id = `nobody-${player.name}-${player.nextWord()}`
    expectAnswer(player, await player.ask({ type: "send", event: 5, id2: id }), "bad_frame")
  },

  /** More connections than a member may have. */
  async crowd(player) {
    const { perMember } = player.book.chronicle.clocks
    if (!player.line.isHealthy) return
    const before = player.crowdedUntil
    player.crowdedUntil = Number.POSITIVE_INFINITY
    const extra = await Promise.all(Array.from({ length: perMember + 1 }, () => player.dial(null)))
    const within = extra.filter((dialled) => "client" in dialled)
    const held = within.filter(({ client }) => client.isOpen).length
    if (held > perMember) player.book.report("bounded", `${player.name} has ${held} connections`)
    player.book.count("crowds refused", extra.length - within.length)
    for (const dialled of within) {
      dialled.client.socket.close(1000)
      dialled.ear.closedAt = Date.now()
    }
    await until(() => within.every(({ client }) => !client.isOpen))
    // What was closed by the client may still count for a moment; what did not hear so, until its silence ends it.
    const { clocks } = player.book.chronicle
    const ends = await Promise.all(within.map(({ client }) => client.closed(0).catch(() => null)))
    const isHeard = ends.every((end) => end?.code === 1000) && extra.every((one) => "client" in one || one.refusal !== null)
    // An earlier crowd may last longer.
    player.crowdedUntil = Math.max(before, Date.now() + CLOSE_LIMIT_MS * clocks.stretch + (isHeard ? 0 : silentBound(clocks)))
    // Those in grace may have had to make room.
    if (player.life !== null && !player.life.isConnected) player.life.isDoubtful = true
    for (const life of player.book.lives.values()) if (life.member === player.name && !life.isConnected) life.allow("closed", 0)
  },
}

async function isPresent(player: Player): Promise<boolean> {
  if (!player.canPresence) return false
  if (player.isUp && !Number.isFinite(player.life?.enteredAt)) await player.enter(player.data())
  return player.isUp && Number.isFinite(player.life?.enteredAt)
}

async function patch(player: Player, patches: readonly Data[], expected: string): Promise<void> {
  const { life } = player
  if (life === null || !player.isUp) return
  life.foresee(patches)
  const answers = await Promise.all(patches.map((data) => player.ask({ type: "update", data })))
  for (const [i, answer] of answers.entries()) {
    const data = patches[i] ?? {}
    if (answer === "ack") life.patched(data, true)
    else if (answer === null) life.patched(data, false)
    expectAnswer(player, answer, expected)
    if (answer !== null && answer !== "ack") continue
    const wanted = patchedData(player.wanted ?? {}, data)
    const fits = Buffer.byteLength(JSON.stringify(wanted)) <= player.book.chronicle.clocks.maxData
    if (player.wanted !== null && fits) player.wanted = wanted
  }
  life.settled(Date.now())
}

/** What ends the connection, and leaves the others in peace. */
async function toTheEnd(player: Player, code: number, times: number, text: () => string): Promise<void> {
  const { client, life } = player
  if (client === null || life === null || !player.isUp || !player.line.isHealthy) return
  player.expected.add(code)
  life.allow("closed", Date.now())
  life.isDoubtful = true
  life.enteredAt = Number.POSITIVE_INFINITY
  for (let i = 0; i < times; i++) client.sendText(text())
  const from = Date.now()
  await until(() => !client.isOpen, ANSWER_LIMIT_MS * player.book.chronicle.clocks.stretch)
  if (client.isOpen) player.book.report("bounded", `${player.name} was not sent away with ${code} within ${Date.now() - from} ms`)
}

function expectAnswer(player: Player, answer: string | null, ...expected: readonly string[]): void {
  if (answer === null || expected.includes(answer)) return
  player.book.report("bounded", `${player.name} was answered ${answer} instead of ${expected.join(" or ")}`)
}

export async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}

export async function until(condition: () => boolean, within = 3000): Promise<void> {
  const limit = Date.now() + within
  while (!condition() && Date.now() < limit) await wait(10)
}
