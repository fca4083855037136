/** Tests in a real browser: a context for each, and no error that nobody caught. */
import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core"
import { afterAll, beforeAll, expect, it, vi } from "vitest"
import { launchChromium } from "./chromium.ts"

/** A browser context of its own, with nobody else's storage. */
export type Browse = (options?: BrowserContextOptions) => Promise<BrowserContext>

/**
 * `it`, with `browse` for its tests: one Chromium for the file that calls this, contexts that end with their test, and a test that fails
 * when a page of its had an error that nobody caught.
 */
export function itInBrowser() {
  let browser: Browser | undefined
  // Several browsers at once on a machine with few cores.
  vi.setConfig({ testTimeout: 60_000 })
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())
  return it.extend("browse", async ({ task: _task }, { onCleanup }): Promise<Browse> => {
    const contexts: BrowserContext[] = []
    const faults: string[] = []
    onCleanup(async () => {
      await Promise.all(contexts.map((context) => context.close()))
      expect(faults, "uncaught errors in pages").toEqual([])
    })
    return async (options = {}) => {
      if (browser === undefined) throw new Error("the browser runs only while tests do")
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
      context.setDefaultTimeout(10_000)
      context.on("weberror", (error) => faults.push(error.error().stack ?? String(error.error())))
      contexts.push(context)
      return context
    }
  })
}
