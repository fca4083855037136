/** The servers under test, in the order of tables. `counted` is Rollcall with a meter around it, and not timed. */
export const TARGETS = ["rollcall", "deflate", "naive", "bare", "party", "ws", "counted"] as const
export type TargetName = (typeof TARGETS)[number]

/** Whose faults are ours. */
export function isRollcall(target: TargetName): boolean {
  return target === "rollcall" || target === "deflate" || target === "counted"
}
