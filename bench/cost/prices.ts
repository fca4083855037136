/** What others publish: dollars a month, with the page and when it was read. A price that changed there is changed here, by hand. */

export type Source = { readonly page: string; readonly read: string }

export type Meter = {
  readonly name: string
  /** Of each month, without charge. */
  readonly included: number
  /** Dollars for `per` of them beyond. */
  readonly dollars: number
  readonly per: number
}

const MILLION = 1e6
const READ = "2026-11-25"

export const CLOUDFLARE_SOURCES: readonly Source[] = [
  { page: "https://developers.cloudflare.com/durable-objects/platform/pricing/", read: READ },
  { page: "https://developers.cloudflare.com/workers/platform/pricing/", read: READ },
]

/** The paid plan's minimum. */
export const CLOUDFLARE_BASE = 5

/** A Durable Object is billed for 128 MB while it is awake, whatever it uses. */
export const OBJECT_GB = 0.128

/** So many incoming WebSocket messages are billed as one request. */
export const MESSAGES_PER_REQUEST = 20

export const METERS = {
  workerRequests: { name: "Worker requests", included: 10 * MILLION, dollars: 0.3, per: MILLION },
  workerCpuMs: { name: "Worker CPU, ms", included: 30 * MILLION, dollars: 0.02, per: MILLION },
  objectRequests: { name: "object requests", included: MILLION, dollars: 0.15, per: MILLION },
  gbSeconds: { name: "object duration, GB-s", included: 400_000, dollars: 12.5, per: MILLION },
  rowsWritten: { name: "rows written", included: 50 * MILLION, dollars: 1, per: MILLION },
  rowsRead: { name: "rows read", included: 25_000 * MILLION, dollars: 0.001, per: MILLION },
  storedGb: { name: "stored, GB", included: 5, dollars: 0.2, per: 1 },
} as const satisfies Record<string, Meter>

export type MeterName = keyof typeof METERS

/** Dollars for each unit, as far as so many of them. */
export type Tier = readonly [upTo: number, dollars: number]

const REST = Number.POSITIVE_INFINITY

/** "First 50 million", "next 450 million" and so on, as running totals. */
export const ABLY = {
  source: { page: "https://github.com/ably/docs, src/pages/docs/platform/pricing/index.mdx", read: READ },
  standard: { dollars: 29, connections: 10_000, messagesPerS: 2500 },
  pro: { dollars: 399, connections: 50_000, messagesPerS: 10_000 },
  perMessage: [
    [50e6, 2.5e-6],
    [500e6, 2.25e-6],
    [5e9, 1.95e-6],
    [20e9, 1.65e-6],
    [50e9, 1.4e-6],
    [REST, 1.25e-6],
  ],
  /** Of connections and of channels alike. */
  perMinute: [
    [10e6, 1e-6],
    [100e6, 0.95e-6],
    [1e9, 0.85e-6],
    [5e9, 0.75e-6],
    [15e9, 0.65e-6],
    [REST, 0.6e-6],
  ],
} as const satisfies { perMessage: readonly Tier[]; perMinute: readonly Tier[]; [more: string]: unknown }

export const PUSHER = {
  source: {
    page: "https://github.com/api-evangelist/pusher, plans/pusher-plans-pricing.yml, of https://pusher.com/channels/pricing",
    read: READ,
  },
  plans: [
    { dollars: 49, connections: 500, messagesADay: 1e6 },
    { dollars: 99, connections: 2000, messagesADay: 4e6 },
    { dollars: 299, connections: 5000, messagesADay: 10e6 },
    { dollars: 499, connections: 10_000, messagesADay: 20e6 },
    { dollars: 699, connections: 15_000, messagesADay: 40e6 },
    { dollars: 899, connections: 20_000, messagesADay: 60e6 },
    { dollars: 1199, connections: 30_000, messagesADay: 90e6 },
  ],
} as const

export const LIVEBLOCKS = {
  source: { page: "https://liveblocks.io/docs/pricing/overview.md", read: READ },
  /** The base is also the credit that comes with it. */
  pro: 30,
  perActiveMinute: 0.002,
} as const

export const PUBNUB = {
  source: { page: "https://www.pubnub.com/docs/resources/pricing", read: READ },
  plansSource: {
    page: "https://github.com/api-evangelist/pubnub, plans/pubnub-plans-pricing.yml, of https://www.pubnub.com/pricing/",
    read: READ,
  },
  plans: [
    { dollars: 98, users: 1000 },
    { dollars: 370, users: 5000 },
    { dollars: 550, users: 10_000 },
    { dollars: 1130, users: 25_000 },
  ],
  replicated: 0.000123,
  edge: 0.000033,
} as const
