/** Rollcall with a meter around it, for the scenario `cost`: the same code, and `/counted` tells what its objects did. */
import { Directory as RealDirectory } from "../../src/directory/directory.ts"
import { Room as RealRoom } from "../../src/room/room.ts"
import service from "../../src/worker/index.ts"
import { Meter } from "./meter.ts"

const meters = { Room: new Meter(), Directory: new Meter() }
meters.Room.watch(RealRoom.prototype)
meters.Directory.watch(RealDirectory.prototype)

export class Room extends RealRoom {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    meters.Room.add("constructed")
    meters.Room.own(ctx.storage)
    super(ctx, env)
  }
}

export class Directory extends RealDirectory {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    meters.Directory.add("constructed")
    meters.Directory.own(ctx.storage)
    super(ctx, env)
  }
}

// The only timers are the rooms' ticks: while one is pending, its room cannot sleep.
const { setTimeout: realSetTimeout } = globalThis
Object.defineProperty(globalThis, "setTimeout", {
  value: (act: () => void, ms: number) => {
    meters.Room.began()
    return realSetTimeout(() => {
      try {
        act()
      } finally {
        meters.Room.ended()
      }
    }, ms)
  },
})

export default {
  fetch(request, env, ctx) {
    const isCounted = new URL(request.url).pathname === "/counted"
    return isCounted ? Response.json({ Room: meters.Room.read(), Directory: meters.Directory.read() }) : service.fetch(request, env, ctx)
  },
} satisfies ExportedHandler<Cloudflare.Env>
