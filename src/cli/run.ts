/** From what was typed to an exit code: 0 done, 1 refused or failed, 2 typed wrongly. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander"
import { CAPABILITIES, type Capability } from "../protocol/capabilities.ts"
import { createAdmin, type JsonObject, RollcallError } from "../server/index.ts"
import { type Context, closeRoom, kickMember, listRooms, mintToken, sendMessage, showRoom } from "./commands.ts"
import { type Terminal, UsageError } from "./terminal.ts"
import { durationMs, visible } from "./text.ts"
import { watchRoom } from "./watch.ts"

export const DEFAULT_URL = "http://localhost:8787"

type Service = { readonly url: string; readonly key?: string; readonly json?: true }

/** `argv` is without the interpreter and the script. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await program(terminal).parseAsync(argv, { from: "user" })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    terminal.complain(`rollcall: ${visible(sentenceOf(error))}`)
    return error instanceof UsageError ? 2 : 1
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof RollcallError) return `${error.detail} (${error.code})`
  return error instanceof Error ? error.message : String(error)
}

function program(terminal: Terminal): Command {
  const top = new Command("rollcall")
  top
    .description("See who is in a room of a Rollcall service, and act on it.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.complain(text.trimEnd()),
      outputError: (text, write) => write(visible(text.trim())),
    })
  top.addHelpText("after", "\nExit codes: 0 done, 1 refused or failed, 2 typed wrongly.")
  const command = (usage: string, description: string): Command =>
    top
      .command(usage)
      .description(description)
      .addOption(new Option("--url <url>", "the service's address").env("ROLLCALL_URL").default(DEFAULT_URL))
      .addOption(new Option("--key <key>", "an admin key; better in the environment, since flags show up in ps").env("ROLLCALL_ADMIN_KEY"))
      .option("--json", "one JSON value a line, for machines")
  const context = ({ url, key, json }: Service): Context => {
    if (key === undefined || key === "") throw new UsageError("no admin key: set ROLLCALL_ADMIN_KEY")
    try {
      return { admin: createAdmin({ url, key }), url, terminal, json: json === true }
    } catch (error) {
      throw error instanceof RollcallError ? new UsageError(error.detail) : error
    }
  }

  command("rooms", "the rooms with somebody in them")
    .option("--prefix <text>", "only those whose names begin so")
    .action((options: Service & { prefix?: string }) => listRooms(context(options), options.prefix))
  command("room <name>", "a room's stats and members").action((name: string, options: Service) => showRoom(context(options), name))
  command("watch <name>", "a room live, until Ctrl-C").action((name: string, options: Service) => watchRoom(context(options), name))
  command("send <name> <event> [data]", "a message into a room; data is JSON")
    .option("--to <member>", "to this member alone; may be repeated", repeated)
    .action((name: string, event: string, data: string | undefined, options: Service & { to?: string[] }) =>
      sendMessage(context(options), name, event, data === undefined ? null : jsonOf(data, "DATA"), options.to),
    )
  command("kick <name> <member>", "end every connection of a member")
    .option("--ban <time>", "and keep it out: 90s, 15m, 1h, 7d; 0 lifts a ban", duration)
    .action((name: string, member: string, options: Service & { ban?: number }) =>
      kickMember(context(options), name, member, options.ban ?? null),
    )
  command("close <name>", "everybody out, and nothing stored is left")
    .option("--yes", "do not ask")
    .action((name: string, options: Service & { yes?: true }) => closeRoom(context(options), name, options.yes === true))
  command("token <member>", "mint a token")
    .requiredOption("--room <pattern>", "a room's name, or a prefix of one that ends in *; may be repeated", repeated)
    .option("--can <list>", "out of subscribe, presence, message", capabilities, [...CAPABILITIES])
    .option("--ttl <time>", "how long it holds: 90s, 15m, 1h, 7d", duration, 3_600_000)
    .option("--info <json>", "what everybody may know of the member", object, {})
    .action((member: string, options: Service & { room: string[]; can: Capability[]; ttl: number; info: JsonObject }) =>
      mintToken(context(options), member, { rooms: options.room, can: options.can, ttl: options.ttl, info: options.info }),
    )
  return top
}

function repeated(value: string, before: string[] = []): string[] {
  return [...before, value]
}

function duration(text: string): number {
  const ms = durationMs(text)
  if (ms === null) throw new InvalidArgumentError("A time such as 90s, 15m, 1h or 7d is allowed.")
  return ms
}

function capabilities(text: string): Capability[] {
  return text.split(",").map((asked) => {
    const found = CAPABILITIES.find((one) => one === asked.trim())
    if (found === undefined) throw new InvalidArgumentError(`Allowed are ${CAPABILITIES.join(", ")}.`)
    return found
  })
}

function object(text: string): JsonObject {
  const value = jsonOf(text, "--info")
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new InvalidArgumentError("A JSON object is allowed.")
  return { ...value }
}

function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${what} is not JSON; text needs its quotes: '"hello"'`)
  }
}
