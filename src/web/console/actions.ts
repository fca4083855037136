/** What an operator does to a room: each is asked back in a dialog, and its result is told. */
import { part, say } from "../dom.ts"
import { span } from "./format.ts"
import type { Service } from "./service.ts"

export type Deed = { readonly kind: "message" | "kick" | "close"; readonly room: string; readonly member: string | null }

/** What was asked is asked no more, and nothing of it is kept: the form's handler holds the key. */
export function forgetDeed(): void {
  part("dialog", HTMLDialogElement).close()
  part("dialog-form", HTMLFormElement).onsubmit = null
  part("dialog-form", HTMLFormElement).reset()
  say(part("announcer", HTMLElement), "")
}

/** The dialog does not close on a refusal: it shows it. Focus goes back to what asked, or to the room's title when that is gone. */
export function confirmDeed(service: Service, { kind, room, member }: Deed): void {
  const dialog = part("dialog", HTMLDialogElement)
  const form = part("dialog-form", HTMLFormElement)
  const button = part("dialog-do", HTMLButtonElement)
  const title = { message: `Message to ${member ?? "everybody"}`, kick: `Kick ${member}?`, close: `Close ${room}?` }[kind]
  const text = {
    message: `To whoever is in ${room} now; it is not kept.`,
    kick: "Every connection of this member ends, and its client does not come back by itself.",
    close: "Everybody is sent out, and what the room remembers, bans included, is deleted.",
  }[kind]
  say(part("dialog-title", HTMLElement), title)
  say(part("dialog-text", HTMLElement), text)
  say(part("dialog-fault", HTMLElement), "")
  say(button, { message: "Send", kick: "Kick", close: "Close room" }[kind])
  part("message-fields", HTMLElement).hidden = kind !== "message"
  part("ban-field", HTMLElement).hidden = kind !== "kick"
  // Neither a ban nor a text that was meant for another is offered again.
  form.reset()
  say(part("announcer", HTMLElement), "")
  dialog.onclose = () => {
    if (document.activeElement === document.body) part("room-title", HTMLElement).focus()
  }
  form.onsubmit = async (event) => {
    event.preventDefault()
    button.disabled = true
    try {
      const done = await perform(service, { kind, room, member })
      dialog.close()
      say(part("announcer", HTMLElement), done)
    } catch (error) {
      say(part("dialog-fault", HTMLElement), error instanceof Error ? error.message : "It failed.")
    } finally {
      button.disabled = false
    }
  }
  part("dialog-cancel", HTMLButtonElement).onclick = () => dialog.close()
  dialog.showModal()
}

async function perform(service: Service, { kind, room, member }: Deed): Promise<string> {
  if (kind === "close") {
    await service.close(room)
    return `${room} is closed.`
  }
  if (kind === "kick" && member !== null) {
    const banMs = Number(part("ban", HTMLSelectElement).value)
    const { kicked } = await service.kick(room, member, banMs)
    return `${member} was kicked (connections: ${kicked})${banMs > 0 ? `, and is kept out for ${span(banMs)}` : ""}.`
  }
  const event = part("event", HTMLInputElement).value.trim()
  const text = part("data", HTMLTextAreaElement).value.trim()
  const data: unknown = text === "" ? null : JSON.parse(text)
  await service.send(room, { event, data, ...(member === null ? {} : { to: [member] }) })
  return `Sent to ${member ?? "everybody"}.`
}
