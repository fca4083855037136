/** Bindings and variables of the Worker. Variables are text or absent; config.ts checks every one. */
declare namespace Cloudflare {
  interface Env {
    readonly ROOM: DurableObjectNamespace<import("./room/room.ts").Room>
    /** Which rooms are live; absent where nobody lists them. */
    readonly DIRECTORY?: DurableObjectNamespace<import("./directory/directory.ts").Directory>
    /** Built pages; absent where the Worker runs without them. */
    readonly ASSETS?: Fetcher
    /** Connects per client address; absent where nothing limits them. config.ts checks that it is a binding. */
    readonly CONNECT_RATE?: RateLimit
    /** A data point for each report of a room; absent where nobody wants them. config.ts checks that it is a binding. */
    readonly ANALYTICS?: AnalyticsEngineDataset
    readonly [variable: string]: unknown
  }
  interface GlobalProps {
    mainModule: typeof import("./worker/index.ts")
  }
}

/** The one function of Node's that the Worker calls; its own types would bring a second runtime's globals along. */
declare module "node:zlib" {
  export const constants: { readonly Z_SYNC_FLUSH: number }
  export function deflateRawSync(text: string, options: { readonly level: number; readonly finishFlush?: number }): Uint8Array
}
