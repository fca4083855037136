/** A tab of its own: a thread that has the same locks and channels as the others, and ends without a word when it is terminated. */
import { parentPort, workerData } from "node:worker_threads"
import { createClient, type JsonObject } from "../../src/client/index.ts"

const { url, token, room: name, initial } = workerData
const client = createClient({ url, token, tabs: true })
const room = client.room<JsonObject>(name, { initial })

const tell = () => parentPort?.postMessage({ status: room.status, others: room.others, self: room.self })
room.subscribe(tell)
room.on("enter", ({ entry }) => parentPort?.postMessage({ entered: entry.member }))
room.on("leave", ({ entry }) => parentPort?.postMessage({ left: entry.member }))
parentPort?.on("message", (patch: JsonObject) => room.update(patch))
tell()
