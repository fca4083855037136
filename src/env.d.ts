/** Bindings and variables of the Worker. Variables are text or absent; config.ts checks every one. */
declare namespace Cloudflare {
  interface Env {
    readonly ROOM: DurableObjectNamespace<import("./room/room.ts").Room>
    /** Built pages; absent where the Worker runs without them. */
    readonly ASSETS?: Fetcher
    readonly [variable: string]: unknown
  }
  interface GlobalProps {
    mainModule: typeof import("./worker/index.ts")
  }
}
