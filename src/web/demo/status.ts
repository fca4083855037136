/** How the connection is, in words: a pill at all times, a strip over the stage while it is down, a sheet when it is over. */
import type { ConnectionStatus, Reason } from "../../client/index.ts"
import { make, part, say } from "../dom.ts"

const PILL: Readonly<Record<ConnectionStatus, string>> = {
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "Reconnecting",
  offline: "Offline",
  closed: "Closed",
}

const IDLE = 4440

const TITLES: Readonly<Record<string, string>> = {
  "1000": "You have left",
  "4401": "Your pass has expired",
  "4403": "You were asked to leave",
  "4409": "This place was taken over elsewhere",
  "4410": "This room was closed",
  banned: "You were asked to stay out",
  bad_token: "Your pass was refused",
  forbidden: "This room is not open to you",
  bad_room: "There is no such room",
}

export function showStatus(status: ConnectionStatus, reason: Reason | null): void {
  part("status", HTMLElement).dataset["status"] = status
  say(part("status-text", HTMLElement), PILL[status])
  document.documentElement.dataset["status"] = status
  const strip = part("strip", HTMLElement)
  const sentence = stripOf(status, reason)
  strip.hidden = sentence === null
  say(strip, sentence ?? "")
  if (status !== "closed") return
  const why = reason === null ? "" : `${sentenceOf(reason.message)} (${reason.code})`
  showSheet(TITLES[String(reason?.code)] ?? "The connection has ended", why, [{ label: "Come back in", href: location.href }])
}

/** Instead of the stage: what is the matter, and where to go from here. */
export function showSheet(title: string, text: string, ways: readonly { readonly label: string; readonly href: string }[]): void {
  part("closed", HTMLElement).hidden = false
  say(part("closed-title", HTMLElement), title)
  say(part("closed-text", HTMLElement), text)
  const links = ways.map(({ label, href }, at) => {
    const link = make("a", at === 0 ? "primary" : "quiet", label)
    link.href = href
    return link
  })
  part("closed-buttons", HTMLElement).replaceChildren(...links)
}

function stripOf(status: ConnectionStatus, reason: Reason | null): string | null {
  switch (status) {
    case "connected":
    case "closed":
      return null
    case "connecting":
      return reason === null ? null : `Not connected yet. ${sentenceOf(reason.message)}`
    case "reconnecting":
      return "The line broke. Reconnecting: your place is kept for you."
    case "offline":
      return reason?.code === IDLE
        ? "You were away for long. Move or type, and you are back."
        : "You are offline. You will be back by yourself once the network is."
  }
}

function sentenceOf(message: string): string {
  const text = message.trim()
  return text === "" ? "" : `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`
}
