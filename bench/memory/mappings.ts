/** What a process' resident memory is for, by where Linux says that it is mapped. */

/** `v8`: the pages of V8's heap. `tables`: V8's tables of pointers and the heap of its C++ objects. `malloc`: what C++ and Rust allocate. `rest`: the program itself, machine code, stacks. */
export const KINDS = ["v8", "tables", "malloc", "rest"] as const
export type Kind = (typeof KINDS)[number]

/** Bytes. */
export type Resident = Readonly<Record<Kind, number>>

const GB = 2 ** 30

/** V8 reserves its heap as one cage of this size, aligned to it, so that a pointer within takes 32 bits. */
const CAGE_BYTES = 4 * GB

/** tcmalloc reserves its memory in pieces of this size, aligned to it. */
const ARENA_BYTES = GB

/** Above this Linux puts what asks for no address of its own: V8's tables do, its heap and tcmalloc ask for one. */
const MMAP_BASE = 0x7e8000000000

type Mapping = { readonly from: number; readonly to: number; readonly isAnonymous: boolean; readonly isCode: boolean; rss: number }

const HEAD = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+)\s*(.*)$/
const RSS = /^Rss:\s+(\d+) kB$/

/** `smaps`: the text of /proc/…/smaps of a workerd. */
export function residentBy(smaps: string): Resident {
  const resident = { v8: 0, tables: 0, malloc: 0, rest: 0 }
  for (const run of runsOf(mappingsIn(smaps))) {
    const kind = kindOf(run)
    for (const { rss, isCode } of run) resident[isCode ? "rest" : kind] += rss
  }
  return resident
}

function mappingsIn(smaps: string): Mapping[] {
  const mappings: Mapping[] = []
  for (const line of smaps.split("\n")) {
    const [, from, to, mode = "", inode, name] = HEAD.exec(line) ?? []
    if (from !== undefined && to !== undefined) {
      const isAnonymous = inode === "0" && name === ""
      mappings.push({ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16), isAnonymous, isCode: mode.includes("x"), rss: 0 })
      continue
    }
    const kilobytes = RSS.exec(line)?.[1]
    const last = mappings.at(-1)
    if (kilobytes !== undefined && last !== undefined) last.rss = Number(kilobytes) * 1024
  }
  return mappings
}

/** Anonymous mappings that touch were reserved together, or lie within what was; any other is by itself. */
function runsOf(mappings: readonly Mapping[]): Mapping[][] {
  const runs: Mapping[][] = []
  for (const mapping of mappings) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run !== undefined && last?.isAnonymous && mapping.isAnonymous && last.to === mapping.from) run.push(mapping)
    else runs.push([mapping])
  }
  return runs
}

function kindOf(run: readonly Mapping[]): Kind {
  const [first] = run
  const last = run.at(-1)
  if (first === undefined || last === undefined || !first.isAnonymous) return "rest"
  const bytes = last.to - first.from
  if (first.from % CAGE_BYTES === 0 && bytes === CAGE_BYTES) return "v8"
  if (first.from % ARENA_BYTES === 0 && bytes % ARENA_BYTES === 0) return "malloc"
  return first.from >= MMAP_BASE ? "tables" : "rest"
}
