/**
 * The peer `party`: PartyServer with hibernation, used as its documentation recommends: a connection's state in
 * `setState`, changes by `broadcast`, and the whole list to whoever joins.
 */
import { type Connection, type ConnectionContext, routePartykitRequest, Server, type WSMessage } from "partyserver"

type State = { readonly n: string; readonly c: string; readonly x: unknown; readonly y: unknown }
type Update = { readonly type?: string; readonly x?: unknown; readonly y?: unknown }
type Env = { readonly Room: DurableObjectNamespace<Room> }

export class Room extends Server<Env> {
  static override options = { hibernate: true }

  override onConnect(connection: Connection<State>, { request }: ConnectionContext): void {
    const { searchParams } = new URL(request.url)
    connection.setState({ n: searchParams.get("n") ?? "", c: searchParams.get("c") ?? "", x: 0, y: 0 })
    const members = Array.from(this.getConnections<State>(), ({ id, state }) => ({ id, ...state }))
    connection.send(`{"type":"sync","n":${members.length},"members":${JSON.stringify(members)}}`)
    this.broadcast(JSON.stringify({ type: "join", id: connection.id, state: connection.state }), [connection.id])
  }

  override onMessage(connection: Connection<State>, message: WSMessage): void {
    if (message === "ping") {
      connection.send("pong")
      return
    }
    const update: Update = JSON.parse(String(message))
    if (update.type !== "update") return
    const { x, y } = update
    connection.setState((state) => ({ n: state?.n ?? "", c: state?.c ?? "", x, y }))
    this.broadcast(JSON.stringify({ type: "update", id: connection.id, x, y }), [connection.id])
  }

  override onClose(connection: Connection): void {
    this.broadcast(JSON.stringify({ type: "leave", id: connection.id }), [connection.id])
  }
}

export default {
  async fetch(request, env) {
    return (await routePartykitRequest(request, env)) ?? new Response(null, { status: 404 })
  },
} satisfies ExportedHandler<Env>
