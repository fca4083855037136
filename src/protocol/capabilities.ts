/** What a token may grant in a room. */
export const CAPABILITIES = ["subscribe", "presence", "message"] as const
export type Capability = (typeof CAPABILITIES)[number]
