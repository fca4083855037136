import type { ConnectionStatus, Snapshot } from "../client/index.ts"
import { useRoomStore } from "./context.ts"
import { identity, useSelection } from "./use-selection.ts"

/**
 * `connecting`, `connected`, `reconnecting`, `offline` or `closed`; `connecting` on a server. Why it is not connected says
 * `useSnapshot(({ reason }) => reason)`. Throws outside of a `RoomProvider`.
 *
 * @example
 * ```tsx
 * const Banner = () => (useConnectionStatus() === "reconnecting" ? <p role="status">Reconnecting…</p> : null)
 * ```
 */
export function useConnectionStatus(): ConnectionStatus {
  return useSelection(useRoomStore("useConnectionStatus"), statusOf, identity, Object.is)
}

function statusOf({ status }: Snapshot): ConnectionStatus {
  return status
}
