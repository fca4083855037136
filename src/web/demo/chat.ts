/** Notes, and who is typing one. */
import { make, part, say } from "../dom.ts"
import { avatarOf } from "./people.ts"
import { type DemoRoom, listOf, lookOf, type Person, textFrom } from "./presence.ts"

const KEPT = 100
/** Whoever pauses for so long types no more. */
const TYPING_MS = 3000

export function chat(room: DemoRoom): { showTyping(people: readonly Person[]): void } {
  const notes = part("notes", HTMLOListElement)
  const log = part("log", HTMLElement)
  const empty = part("log-empty", HTMLElement)
  const field = part("note", HTMLInputElement)
  const fault = part("fault", HTMLElement)
  const typing = part("typing", HTMLElement)
  const typists = make("span")
  typing.append(make("span", "dots"), typists)

  let isTyping = false
  let pause: ReturnType<typeof setTimeout> | undefined
  const setTyping = (next: boolean) => {
    clearTimeout(pause)
    if (next) pause = setTimeout(() => setTyping(false), TYPING_MS)
    if (next === isTyping) return
    isTyping = next
    room.update({ typing: next ? true : null })
  }
  field.addEventListener("input", () => setTyping(field.value.trim() !== ""))
  field.addEventListener("blur", () => setTyping(false))

  part("composer", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault()
    const text = field.value.trim()
    if (text === "") return
    field.value = ""
    fault.hidden = true
    setTyping(false)
    room.send("note", { text }).catch((error: unknown) => {
      // What was written is not lost, unless the next note was begun meanwhile.
      if (field.value === "") field.value = text
      fault.hidden = false
      say(fault, `Not sent: ${error instanceof Error ? error.message : String(error)}`)
    })
  })

  room.on("message", (message) => {
    if (message.event !== "note") return
    const text = textFrom(message.data)
    if (text === null) return
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
    notes.append(noteOf(room, message.from, message.member, text))
    while (notes.children.length > KEPT) notes.firstElementChild?.remove()
    empty.hidden = true
    const isMine = message.from !== null && message.from.connection === room.self?.connection
    if (isAtEnd || isMine) log.scrollTop = log.scrollHeight
  })

  return {
    showTyping(people) {
      const names = people.filter((person) => person.isTyping && !person.isSelf).map(({ name }) => name)
      typing.classList.toggle("is-typing", names.length > 0)
      say(typists, names.length === 0 ? "" : `${listOf(names)} ${names.length === 1 ? "is" : "are"} typing`)
    },
  }
}

function noteOf(room: DemoRoom, from: Parameters<typeof lookOf>[0] | null, member: string | null, text: string): HTMLElement {
  const sender = from ?? room.members.find((known) => known.member === member) ?? null
  const look = lookOf(sender ?? { member: member ?? "", info: { name: member === null ? "The operator" : "Somebody" }, data: {} })
  const note = make("li", "note")
  const body = make("div", "note-body")
  const head = make("p", "note-head")
  const time = make("time", "note-time", new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }))
  head.append(make("b", "", look.name), time)
  body.append(head, make("p", "note-text", text))
  note.append(avatarOf(look), body)
  return note
}
