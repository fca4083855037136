/** One HTTP call to the service: an address, an answer that fits its schema, or an error with a code. */
import type { z } from "zod"
import { problemSchema } from "../protocol/admin.ts"
import { ERRORS, type ErrorCode, PROBLEM_TYPE_PREFIX } from "../protocol/errors.ts"
import { RollcallError, RollcallNetworkError } from "./error.ts"
import type { Fetch } from "./types.ts"

export type Request = {
  readonly method: "GET" | "PUT" | "POST" | "DELETE"
  /** Unescaped: names may hold whatever a path may not. */
  readonly path: readonly string[]
  readonly query?: Readonly<Record<string, string | number | undefined>>
  /** Sent as `Authorization: Bearer`. */
  readonly bearer?: string
  readonly body?: unknown
  readonly signal: AbortSignal | undefined
}

export type Caller = {
  /** For an answer with a body. */
  ask<S extends z.ZodType>(request: Request, answer: S): Promise<z.output<S>>
  /** For an answer without one, or whose body says nothing. */
  tell(request: Request): Promise<void>
}

export function createCaller(base: URL, send: Fetch, timeoutMs: number): Caller {
  const exchange = async (request: Request): Promise<{ status: number; text: string }> => {
    const url = addressOf(base, request)
    const limit = AbortSignal.timeout(timeoutMs)
    const headers = new Headers()
    if (request.bearer !== undefined) headers.set("authorization", `Bearer ${request.bearer}`)
    if (request.body !== undefined) headers.set("content-type", "application/json")
    const init: RequestInit = {
      method: request.method,
      headers,
      signal: request.signal === undefined ? limit : AbortSignal.any([request.signal, limit]),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    }
    try {
      const response = await send(url.href, init)
      const text = await response.text()
      if (!response.ok) throw refusalOf(response.status, text)
      return { status: response.status, text }
    } catch (error) {
      if (error instanceof RollcallError) throw error
      request.signal?.throwIfAborted()
      const why = limit.aborted ? `no answer within ${timeoutMs} ms` : "no answer"
      throw new RollcallNetworkError(`${request.method} ${url.origin}${url.pathname}: ${why}`, { cause: error })
    }
  }
  return {
    async ask(request, answer) {
      const { status, text } = await exchange(request)
      const parsed = answer.safeParse(parseJson(text))
      if (parsed.success) return parsed.data
      const [issue] = parsed.error.issues
      throw new RollcallError(
        "bad_answer",
        `the answer to ${request.method} does not fit: ${issue?.path.join(".") || "body"}: ${issue?.message}`,
        status,
      )
    },
    async tell(request) {
      await exchange(request)
    },
  }
}

/** `.` and `..` cannot be said in a path, escaped or not: URLs drop them, and the call would reach another address. */
function addressOf(base: URL, { path, query = {} }: Request): URL {
  for (const segment of path) {
    if (segment === "" || segment === "." || segment === "..") {
      throw new RollcallError("bad_request", `${JSON.stringify(segment)} is no name that can stand in an address`)
    }
  }
  const url = new URL(base)
  url.pathname = `${base.pathname.replace(/\/+$/, "")}/${path.map(encodeURIComponent).join("/")}`
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
  return url
}

function refusalOf(status: number, text: string): RollcallError {
  const problem = problemSchema.safeParse(parseJson(text))
  const code = problem.success ? problem.data.type.slice(PROBLEM_TYPE_PREFIX.length) : ""
  if (problem.success && isErrorCode(code)) return new RollcallError(code, problem.data.detail, status)
  return new RollcallError("bad_answer", `the answer is no problem of this service: ${text.slice(0, 200)}`, status)
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
