/** Ways to bring somebody in: a link to copy, a second window, and a word to whoever is alone. */

import { part } from "../dom.ts"
import { guestLinkTo, linkTo } from "./address.ts"

const COPIED_MS = 2000
const WINDOW = "popup,noopener,width=520,height=720"
const WIDE = matchMedia("(min-width: 900px) and (pointer: fine)")

export function offerInvitations(room: string, tell: (sentence: string) => void): void {
  const here = new URL(location.href)
  const second = part("second-window", HTMLAnchorElement)
  second.href = guestLinkTo(here, room)
  second.addEventListener("click", (event) => {
    // Next to this one, where there is room for two; elsewhere the link opens a tab.
    if (!WIDE.matches) return
    event.preventDefault()
    open(second.href, "_blank", WINDOW)
  })
  for (const id of ["copy-link", "invite-copy"]) {
    const button = part(id, HTMLButtonElement)
    button.addEventListener("click", () => copy(button, linkTo(here, room), tell))
  }
}

export function showAlone(isAlone: boolean): void {
  part("invite", HTMLElement).hidden = !isAlone
}

async function copy(button: HTMLButtonElement, link: string, tell: (sentence: string) => void): Promise<void> {
  try {
    await navigator.clipboard.writeText(link)
  } catch {
    // No clipboard outside a secure context, or none allowed: the link is shown to be copied by hand.
    prompt("Copy this link", link)
    return
  }
  button.classList.add("is-done")
  tell("Link copied.")
  setTimeout(() => button.classList.remove("is-done"), COPIED_MS)
}
