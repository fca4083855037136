/** A module around a Worker's own: `/collect` is a full collection of the isolate's heap, and every other request is the Worker's. */
export const COLLECT_PATH = "/collect"

/** What collects: the function that V8 puts there when asked. */
export const COLLECTING_FLAGS = ["--expose-gc", "--trace-gc"] as const

/** `module`: the name of the Worker's own. */
export function collectingAround(module: string): string {
  return `import service from "./${module}"
export * from "./${module}"
export default {
  ...service,
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "${COLLECT_PATH}") return service.fetch(request, env, ctx)
    globalThis.gc()
    return new Response("collected")
  },
}
`
}
