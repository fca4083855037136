/** How much of the JavaScript heap is in use, asked of workerd's inspector. */
import { z } from "zod"

const usage = z.object({ result: z.object({ usedSize: z.number() }) })

/** Bytes, of the only isolate behind that inspector. */
export async function usedHeap(inspectorPort: number): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${inspectorPort}/main`)
  try {
    await new Promise((resolve, reject) => {
      socket.onopen = resolve
      socket.onerror = () => reject(new Error("the inspector does not answer"))
    })
    const answer = new Promise<unknown>((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve(JSON.parse(String(data)))
      socket.onclose = () => reject(new Error("the inspector went away"))
    })
    socket.send(JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" }))
    return usage.parse(await answer).result.usedSize
  } finally {
    socket.close()
  }
}
