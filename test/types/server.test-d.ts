/** What must compile for the user of `rollcall/server`, and what must not. Compiled, never run. */
import {
  type AdminMessage,
  createAdmin,
  type Lifetime,
  type MemberPage,
  mintToken,
  RollcallError,
  type RoomGrants,
  verifyToken,
  verifyWebhook,
} from "rollcall/server"

const rooms: RoomGrants = { "doc-*": ["subscribe", "presence"], lobby: [] }
const secret = "secret"

mintToken({ secret, member: "anna", rooms })
mintToken({ secret, member: "anna", info: { name: "Anna" }, rooms, expiresIn: 60 })
// @ts-expect-error a token is for somebody
mintToken({ secret, rooms })
// @ts-expect-error a token opens something
mintToken({ secret, member: "anna" })
// @ts-expect-error there is no such capability
mintToken({ secret, member: "anna", rooms: { "doc-*": ["write"] } })
// @ts-expect-error info is an object
mintToken({ secret, member: "anna", rooms, info: "Anna" })
export const lifetimes: Lifetime[] = [60, "90s", "15m", "1h", "7d"]
// @ts-expect-error there is no such unit
export const fortnight: Lifetime = "1w"

verifyToken("", { secret }).then(({ member, expiresAt }) => member.length + expiresAt)
verifyToken("", { secret: [secret, secret] })
verifyToken("", { jwks: new URL("https://example.com/keys") })
// @ts-expect-error there is no such option
verifyToken("", { key: secret })

const admin = createAdmin({ url: "https://presence.example.com", key: "key", fetch })
// @ts-expect-error without a key nothing is allowed
createAdmin({ url: "https://presence.example.com" })

export const wakeups: Promise<number> = admin.stats("doc-1").then(({ liveness, wakeups }) => liveness.sweeps + wakeups)
export const page: Promise<MemberPage> = admin.members("doc-1", { limit: 5 })
export const heard: Promise<number | undefined> = admin.members("doc-1", { heard: true }).then((found) => found.heard?.["connection"])
admin.memberPages("doc-1", { heard: true, limit: 5 })
// @ts-expect-error yes or no
admin.members("doc-1", { heard: 1 })
// @ts-expect-error rooms are not heard of
admin.rooms({ heard: true })
admin.place("doc-1", "bot", { data: { task: "index" }, ttl: 60_000 })
admin.ban("doc-1", "anna", 60_000)
admin.message("doc-1", { event: "reload" })
// @ts-expect-error what is placed has no such field
admin.place("doc-1", "bot", { state: {} })
// @ts-expect-error a ban is for a time
admin.ban("doc-1", "anna")
// @ts-expect-error a message has a name
admin.message("doc-1", { data: 1 })
// @ts-expect-error recipients are members' names
export const message: AdminMessage = { event: "reload", to: [1] }
// @ts-expect-error pages are counted in numbers
admin.members("doc-1", { limit: "5" })
// @ts-expect-error to see a room as a member does takes a member's token
admin.presence("doc-1")

export async function names(): Promise<string[]> {
  const found: string[] = []
  for await (const { members } of admin.memberPages("doc-1")) found.push(...members.map(({ member }) => member))
  // @ts-expect-error a page is no member
  for await (const { member } of admin.memberPages("doc-1")) found.push(member)
  return found
}

export function whyItFailed(error: unknown): string {
  if (!(error instanceof RollcallError)) return "network"
  // @ts-expect-error there is no such code
  if (error.code === "oops") return "never"
  return error.code === "not_found" ? "unknown" : `${error.status} ${error.detail}`
}

const event = verifyWebhook("", new Headers(), secret)
verifyWebhook(new Uint8Array(), { "webhook-id": ["1"], host: undefined }, [secret])
// @ts-expect-error the raw body, not what was parsed from it
verifyWebhook({ type: "member.left" }, {}, secret)
if (event.type === "member.left") {
  const { member, reason } = event.data
  // @ts-expect-error there is no such reason
  if (reason === "bored") throw new Error(member)
}
// @ts-expect-error a room has no member
if (event.type === "room.occupied") throw new Error(event.data.member)
// @ts-expect-error there is no such event
if (event.type === "room.opened") throw new Error()
