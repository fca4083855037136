/** What went wrong, fit for the log: short, and without what looks like a secret, whoever wrote the message. */

const MAX_LENGTH = 300
const FRAMES = 3

const SECRETS: readonly (readonly [RegExp, string])[] = [
  // A JWT, whole or its beginning: parsers quote what they could not read.
  [/\beyJ[\w-]{4,}(\.[\w-]*)*/g, "[token]"],
  [/\bwhsec_[\w+/=-]+/g, "[secret]"],
  [/\b(Bearer +)\S+/gi, "$1[token]"],
  [/\b((?:token|session)(?:=|\.))[\w.-]+/gi, "$1[token]"],
]

export function messageOf(error: unknown): string {
  return withoutSecrets(error instanceof Error ? error.message : String(error))
}

/** `at` is where it was thrown, the innermost call first. */
export function faultOf(error: unknown): { readonly message: string; readonly at: string } {
  const calls = (error instanceof Error ? (error.stack ?? "") : "").split("\n").filter((line) => /^\s+at /.test(line))
  const at = calls.slice(0, FRAMES).map((line) => line.trim().slice("at ".length))
  return { message: messageOf(error), at: withoutSecrets(at.join(" < ")) }
}

function withoutSecrets(text: string): string {
  const told = SECRETS.reduce((kept, [secret, mark]) => kept.replaceAll(secret, mark), text)
  return told.length > MAX_LENGTH ? `${told.slice(0, MAX_LENGTH)}…` : told
}
