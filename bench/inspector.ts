/** What workerd's inspector tells of V8's heap, in the Chrome DevTools Protocol. */
import { z } from "zod"

const answerSchema = z.object({ result: z.unknown() })
const usageSchema = z.object({ usedSize: z.number(), totalSize: z.number() })

/** Bytes of the only isolate behind that inspector: in use, be it garbage or alive, and taken from the system. */
export async function heapUsage(inspectorPort: number): Promise<z.infer<typeof usageSchema>> {
  return usageSchema.parse(await ask(inspectorPort, "Runtime.getHeapUsage"))
}

/** A full collection. */
export async function collectGarbage(inspectorPort: number): Promise<void> {
  await ask(inspectorPort, "HeapProfiler.collectGarbage")
}

async function ask(inspectorPort: number, method: string): Promise<unknown> {
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
    socket.send(JSON.stringify({ id: 1, method }))
    return answerSchema.parse(await answer).result
  } finally {
    socket.close()
  }
}
