/** What the page's address asks for. */

export type Address =
  | { readonly ok: true; readonly room: string; readonly isGuest: boolean; readonly sharesTabs: boolean }
  | { readonly ok: false; readonly fault: string }

const LOBBY = "demo-lobby"
const PREFIX = "demo-"
const NAME = /^[A-Za-z0-9_\-.:,;=@~]{1,128}$/

export function readAddress(url: URL): Address {
  const room = url.searchParams.get("room") ?? LOBBY
  if (!NAME.test(room)) {
    return { ok: false, fault: "A room's name has 1 to 128 characters: letters, digits and _ - . : , ; = @ ~" }
  }
  if (!room.startsWith(PREFIX) || room === PREFIX)
    return { ok: false, fault: `The rooms of this demo have names that begin with “${PREFIX}”.` }
  return { ok: true, room, isGuest: url.searchParams.get("as") === "guest", sharesTabs: url.searchParams.get("tabs") === "1" }
}

/** The link to hand on: the room, and nothing about whoever copies it. */
export function linkTo(url: URL, room: string): string {
  return new URL(`?room=${encodeURIComponent(room)}`, url).href
}

/** The same room, as somebody else. */
export function guestLinkTo(url: URL, room: string): string {
  return `${linkTo(url, room)}&as=guest`
}

export function lobbyLink(url: URL): string {
  return linkTo(url, LOBBY)
}
