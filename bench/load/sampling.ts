/** What the machine spent, from Linux' /proc: the server with its children, and everybody else. */
import { readdirSync, readFileSync } from "node:fs"

/** Kernel ticks a second, and bytes a page, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
const PAGE_BYTES = 4096

export type ProcessSample = {
  /** Seconds of CPU since the process began, user and system together. */
  readonly cpu: number
  readonly system: number
  /** Resident bytes. */
  readonly rss: number
  /** Seconds of CPU of each thread. */
  readonly threads: ReadonlyMap<string, number>
}

/** A process and all that it started. */
export function sampleProcess(pid: number): ProcessSample {
  let user = 0
  let system = 0
  let rss = 0
  const threads = new Map<string, number>()
  for (const id of processTree(String(pid))) {
    const fields = statFields(`/proc/${id}/stat`)
    user += Number(fields[11]) / TICKS_PER_SECOND
    system += Number(fields[12]) / TICKS_PER_SECOND
    rss += Number(fields[21]) * PAGE_BYTES
    for (const thread of readdirSync(`/proc/${id}/task`)) {
      const [nanoseconds] = readFileSync(`/proc/${id}/task/${thread}/schedstat`, "utf8").split(" ")
      threads.set(thread, Number(nanoseconds) / 1e9)
    }
  }
  return { cpu: user + system, system, rss, threads }
}

/** Seconds of CPU that the whole machine spent since it started, this process and the server included. */
export function sampleMachine(): number {
  const [first = ""] = readFileSync("/proc/stat", "utf8").split("\n")
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = first.split(/\s+/).slice(1).map(Number)
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND
}

/** Seconds of CPU of this process. */
export function sampleSelf(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** The busiest thread's share of what the process spent between two samples. */
export function busiestThreadShare(before: ProcessSample, after: ProcessSample): number {
  let busiest = 0
  let total = 0
  for (const [thread, seconds] of after.threads) {
    const spent = seconds - (before.threads.get(thread) ?? 0)
    busiest = Math.max(busiest, spent)
    total += spent
  }
  return total === 0 ? 0 : busiest / total
}

function processTree(pid: string): string[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean),
  )
  return [pid, ...children.flatMap(processTree)]
}

/** From the third field on: the second, a name in parentheses, may hold spaces. */
function statFields(path: string): string[] {
  const text = readFileSync(path, "utf8")
  return text.slice(text.lastIndexOf(")") + 2).split(" ")
}
