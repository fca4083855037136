/** Who is here: a stack of avatars that opens a list, which a screen reader has at any time. */
import { keyed, make, part, say } from "../dom.ts"
import type { Look, Person } from "./presence.ts"

const NARROW = matchMedia("(max-width: 760px)")
const SHOWN = { narrow: 3, wide: 5 } as const

export function showPeople(): (people: readonly Person[]) => void {
  const stack = part("stack", HTMLButtonElement)
  const panel = part("people", HTMLElement)
  const faces = make("span", "faces")
  const more = make("span", "avatar more")
  const label = make("span", "visually-hidden")
  faces.setAttribute("aria-hidden", "true")
  stack.append(faces, label)

  const drawFaces = keyed<Person, HTMLElement>(faces, ({ member }) => member, createAvatar, refreshAvatar)
  const drawList = keyed<Person, HTMLElement>(
    part("people-list", HTMLElement),
    ({ member }) => member,
    (person) => {
      const row = make("li", "person")
      const avatar = createAvatar()
      refreshAvatar(avatar, person)
      avatar.setAttribute("aria-hidden", "true")
      row.append(avatar, make("span", "person-name"), make("span", "person-state"))
      return row
    },
    (row, person) => {
      const [avatar, name, state] = row.children
      if (avatar instanceof HTMLElement) refreshAvatar(avatar, person)
      if (name !== undefined) say(name, person.isSelf ? `${person.name} (you)` : person.name)
      if (state !== undefined) say(state, stateOf(person))
    },
  )

  let shown: readonly Person[] = []
  const draw = () => {
    const own = shown.filter(({ isSelf }) => isSelf)
    const ordered = [...own, ...shown.filter(({ isSelf }) => !isSelf)]
    const limit = NARROW.matches ? SHOWN.narrow : SHOWN.wide
    // One more avatar takes no more room than "+1" would.
    const fitting = ordered.length <= limit + 1 ? ordered : ordered.slice(0, limit)
    more.remove()
    drawFaces(fitting)
    if (fitting.length < ordered.length) {
      say(more, `+${ordered.length - fitting.length}`)
      faces.append(more)
    }
    say(label, `${ordered.length} ${ordered.length === 1 ? "person" : "people"} here: show who`)
    stack.hidden = ordered.length === 0
    drawList(ordered)
  }
  NARROW.addEventListener("change", draw)

  const open = (isOpen: boolean) => {
    stack.setAttribute("aria-expanded", String(isOpen))
    panel.classList.toggle("is-open", isOpen)
  }
  stack.addEventListener("click", () => open(stack.getAttribute("aria-expanded") !== "true"))
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") open(false)
  })
  document.addEventListener("pointerdown", ({ target }) => {
    if (target instanceof Node && !stack.contains(target) && !panel.contains(target)) open(false)
  })

  return (people) => {
    shown = people
    draw()
  }
}

/** A look alone, without a state. */
export function avatarOf(look: Look): HTMLElement {
  const avatar = createAvatar()
  avatar.setAttribute("aria-hidden", "true")
  dress(avatar, look)
  return avatar
}

function createAvatar(): HTMLElement {
  return make("span", "avatar")
}

function refreshAvatar(avatar: HTMLElement, person: Person): void {
  dress(avatar, person)
  avatar.classList.toggle("is-away", person.status === "away")
  avatar.classList.toggle("is-typing", person.isTyping)
  avatar.title = person.isSelf ? `${person.name} (you)` : person.name
}

function dress(avatar: HTMLElement, { initials, color, ink }: Look): void {
  avatar.style.setProperty("--color", color)
  avatar.style.setProperty("--on-color", ink)
  say(avatar, initials)
}

function stateOf({ status, isTyping, windows }: Person): string {
  const state = status === "away" ? "away" : isTyping ? "typing" : "active"
  return windows > 1 ? `${state} · ${windows} windows` : state
}
