/** Secrets, tokens and sessions, driven through every route and frame: none comes back, none is told to others, none is printed. */
import { expect, it } from "vitest"
import { refusedUpgrade } from "./refusals.ts"
import { DEV_ADMIN_KEY, DEV_SECRET, serviceForFile } from "./service.ts"
import { connect, freshRoom, tokenFor, type WireClient } from "./wire-client.ts"

const service = serviceForFile()
const WRONG_KEY = "wrong-admin-key-wrong-admin-key"
const NOBODYS_SESSION = "NobodysSession-NobodysSession-32"

/** The answer as text, headers and all. */
async function ask(method: string, path: string, authorization: string, body?: unknown): Promise<string> {
  const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }
  const headers = { authorization, origin: "https://app.example" }
  const response = await fetch(`${service.url}${path}`, { method, headers, redirect: "manual", ...sent })
  return `${method} ${path.split("?")[0]} ${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`
}

/** Good frames and bad ones, with what must not come back wherever a client might put it. */
async function speak(client: WireClient, token: string, bad: string): Promise<void> {
  await client.enter({ x: 1 })
  await client.ask({ type: "update", data: { x: 2 } })
  await client.ask({ type: "send", event: "e", data: 1 })
  await client.ask({ type: "auth", token })
  expect(await client.refused({ type: "auth", token: bad })).toBe("bad_token")
  client.sendText(`{"type":"auth","token":"${token}"`)
  for (const frame of [
    { type: token },
    { type: "enter", data: token },
    { type: "auth", token: { token } },
    { type: "send", event: 1, to: token },
  ]) {
    client.send(frame)
  }
  await client.until(() => client.all("error").length === 6, "the refusals")
  await client.ask({ type: "leave" })
  await client.sync()
}

/** Every route, with a good key or token, a bad one, and bad bodies that hold them. */
async function askEverything(room: string, token: string, bad: string): Promise<string[]> {
  const paths = ["", "/members", "/members/anna", "/members/nobody", "/messages"].map((path) => `/v1/admin/rooms/${room}${path}`)
  const authorizations = [
    `Bearer ${DEV_ADMIN_KEY}`,
    `Bearer ${WRONG_KEY}`,
    `Bearer ${token}`,
    `Bearer ${bad}`,
    `Basic ${DEV_ADMIN_KEY}`,
    bad,
  ]
  const bodies = [{ data: { x: 1 } }, { event: "e" }, `{"token":"${token}"`, { event: { token }, data: token, ttl: token }]
  const answers: string[] = []
  for (const authorization of authorizations) {
    for (const path of ["/healthz", "/", "/nowhere", ...paths, ...["connect", "presence"].map((what) => `/v1/rooms/${room}/${what}`)]) {
      answers.push(await ask("GET", path, authorization))
    }
    for (const query of [`token=${bad}`, `token=${token}&session=${NOBODYS_SESSION}`, `view=${token}`, `token=${bad}&view=count`]) {
      answers.push(await ask("GET", `/v1/rooms/${room}/connect?${query}`, ""), await ask("GET", `/v1/rooms/${room}/presence?${query}`, ""))
    }
    for (const body of bodies) {
      answers.push(await ask("PUT", `/v1/admin/rooms/${room}/members/bot`, authorization, body))
      answers.push(await ask("POST", `/v1/admin/rooms/${room}/messages`, authorization, body))
      answers.push(await ask("POST", "/v1/admin/tokens", authorization, body), await ask("POST", "/demo/token", authorization, body))
    }
  }
  return answers
}

it("[SE7] no secret, token or session comes back, is told to others, or is printed", { timeout: 60_000 }, async () => {
  const room = freshRoom()
  const token = await tokenFor("anna")
  const bad = await tokenFor("anna", {}, "another-secret-another-secret-another")
  const bert = await connect(service, { room, member: "bert" })
  const anna = await connect(service, { room, member: "anna", token })
  await speak(anna, token, bad)
  const answers = await askEverything(room, token, bad)
  for (const by of ["subprotocol", "header", "query"] as const) {
    const { problem } = await refusedUpgrade(service, { room, token: bad, by, session: NOBODYS_SESSION })
    answers.push(JSON.stringify(problem))
  }
  const queried = await connect(service, { room, member: "anna", token, by: "query" })
  await queried.drop()
  const resumed = await connect(service, { room, member: "anna", token, by: "query", session: queried.welcome.session })
  const sessions = [bert, anna, queried, resumed].map(({ welcome }) => welcome.session)
  expect(resumed.welcome.session).toBe(queried.welcome.session)
  answers.push(await ask("DELETE", `/v1/admin/rooms/${room}/members/bot`, `Bearer ${DEV_ADMIN_KEY}`))

  const signatures = [token, bad].map((jwt) => jwt.split(".")[2] ?? "")
  const secret = [DEV_SECRET, DEV_ADMIN_KEY, WRONG_KEY, NOBODYS_SESSION, ...signatures, ...sessions]
  for (const text of secret) expect(text.length).toBeGreaterThan(12)
  for (const [name, said] of [
    ["answers", answers.join("\n")],
    ["frames to others", bert.texts.slice(1).join("\n")],
    ["frames of its own, after the welcome", anna.texts.slice(1).join("\n")],
    ["the service's output", service.output()],
  ] as const) {
    expect(said.length, name).toBeGreaterThan(100)
    for (const text of secret) expect(said.includes(text), `${text} in ${name}`).toBe(false)
  }
  expect(service.output()).toContain(`/v1/rooms/${room}/connect`)
  expect(answers.some((answer) => / 200 .*"connections"/.test(answer))).toBe(true)
  expect(answers.some((answer) => / 401 /.test(answer))).toBe(true)
})
