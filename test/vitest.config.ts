import { cloudflareTest } from "@cloudflare/vitest-plugin"
import { defineConfig } from "vitest/config"

// Room tests force collections, in a heap as small as production's.
process.env["MINIFLARE_WORKERD_V8_FLAGS"] ??= "--expose-gc --max-heap-size=128"

const root = new URL("..", import.meta.url).pathname

export default defineConfig({
  root,
  test: {
    // Most tests of the whole wait for clocks, not for a processor.
    maxWorkers: 3,
    projects: [
      {
        // The pure parts, in Node.
        root,
        test: {
          name: "pure",
          environment: "node",
          include: [
            "test/{protocol,core,cache,bench,cli,config,log,placement,token,server,package,docs,react,client,deflate}/**/*.test.{ts,tsx}",
            "test/*.test.ts",
          ],
        },
      },
      {
        // The Durable Object inside workerd: real sockets, alarms, eviction, crash.
        root,
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                TOKEN_SECRETS: "test-token-secret-test-token-secret",
                ADMIN_KEYS: "test-admin-key",
              },
              // Under another name than the Worker's: hundreds of connections come from no address here.
              ratelimits: { TEST_RATE: { namespace_id: "1001", simple: { limit: 3, period: 60 } } },
              analyticsEngineDatasets: { TEST_ANALYTICS: { dataset: "rollcall_test" } },
            },
          }),
        ],
        test: { name: "room", include: ["test/{room,worker}/**/*.test.ts"] },
      },
      {
        // The whole: the built service as its own process, spoken to over real sockets.
        root,
        // A machine that is busy elsewhere may starve one of these processes past a deadline of the contract: a fault fails twice.
        test: {
          name: "whole",
          environment: "node",
          include: ["test/whole/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          retry: 1,
        },
      },
      {
        // The whole under a random, reproducible schedule of faults.
        root,
        test: { name: "faults", environment: "node", include: ["test/faults/**/*.test.ts"], testTimeout: 30_000, hookTimeout: 600_000 },
      },
    ],
  },
})
