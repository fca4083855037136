/**
 * `rollcall/deflate`: a WebSocket for `createClient` whose frames come compressed. Apart from `rollcall/client`, so that only who wants it
 * loads it. For browsers, Node 22 and later, Workers and Deno.
 */
export { DeflateWebSocket, type Line, type LineConstructor, type LineEnd } from "./socket.ts"
