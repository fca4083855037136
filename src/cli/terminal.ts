/** Where the command speaks and asks; a test gives another. */
export type Terminal = {
  /** One line to stdout. */
  readonly print: (line: string) => void
  /** One line to stderr. */
  readonly complain: (line: string) => void
  /** A whole picture in the place of the last one; null where output is piped. */
  readonly screen: Screen | null
  readonly emphasise: (text: string) => string
  /** Asks for a yes; null where nobody can be asked. */
  readonly confirm: ((question: string) => Promise<boolean>) | null
  /** Aborted by Ctrl-C, by SIGTERM, or when nobody reads any more; from the first use on these end nothing by themselves. */
  readonly stop: () => AbortSignal
  readonly now: () => number
}

export type Screen = {
  readonly columns: number
  readonly rows: number
  readonly show: (lines: readonly string[]) => void
  readonly end: () => void
}

/** What was typed is wrong: exit code 2. */
export class UsageError extends Error {}
