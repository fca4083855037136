/** A stretch of time, and what the server, the generator and everybody else spent in it. */
import { busiestThreadShare, type ProcessSample, sampleMachine, sampleProcess, sampleSelf } from "./sampling.ts"
import { wire } from "./websocket.ts"

export type Spent = {
  readonly seconds: number
  readonly serverCpuS: number
  readonly serverCores: number
  readonly oneThreadShare: number
  readonly generatorCores: number
  readonly otherCores: number
  readonly rss: number
  readonly bytes: number
  readonly frames: number
}

export class Stopwatch {
  readonly #pid: number
  readonly #startedAt = performance.now()
  readonly #server: ProcessSample
  readonly #self = sampleSelf()
  readonly #machine = sampleMachine()
  readonly #bytes = wire.bytesIn
  readonly #frames = wire.framesIn

  constructor(pid: number) {
    this.#pid = pid
    this.#server = sampleProcess(pid)
  }

  stop(): Spent {
    const seconds = (performance.now() - this.#startedAt) / 1000
    const server = sampleProcess(this.#pid)
    const serverCpuS = server.cpu - this.#server.cpu
    const generatorCpuS = sampleSelf() - this.#self
    const otherCpuS = Math.max(0, sampleMachine() - this.#machine - serverCpuS - generatorCpuS)
    return {
      seconds,
      serverCpuS,
      serverCores: serverCpuS / seconds,
      oneThreadShare: busiestThreadShare(this.#server, server),
      generatorCores: generatorCpuS / seconds,
      otherCores: otherCpuS / seconds,
      rss: server.rss,
      bytes: wire.bytesIn - this.#bytes,
      frames: wire.framesIn - this.#frames,
    }
  }
}

export function megabytes(bytes: number): number {
  return bytes / 1024 / 1024
}
