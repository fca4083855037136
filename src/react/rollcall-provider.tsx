import type { ReactNode } from "react"
import type { Client } from "../client/index.ts"
import { ClientContext } from "./context.ts"

export type RollcallProviderProps = {
  /** Made once, outside of the components. It is the app's: unmounting does not close it. */
  readonly client: Client
  readonly children?: ReactNode
}

/**
 * Gives every `RoomProvider` below it the client whose pool the rooms come from.
 *
 * @example
 * ```tsx
 * const client = createClient({ url: "https://rollcall.example.com", token: fetchToken })
 *
 * const App = () => (
 *   <RollcallProvider client={client}>
 *     <Page />
 *   </RollcallProvider>
 * )
 * ```
 */
export function RollcallProvider({ client, children }: RollcallProviderProps): ReactNode {
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>
}
