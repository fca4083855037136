/** Your own name and colour, changed where they stand. */

import { part } from "../dom.ts"
import { inkOn, nextColor } from "./color.ts"
import type { Visitor } from "./visitor.ts"

export function showMe(visitor: Visitor, changed: (visitor: Visitor) => void): void {
  const field = part("my-name", HTMLInputElement)
  const swatch = part("my-color", HTMLButtonElement)
  const invite = part("invite", HTMLElement)
  let current = visitor
  const show = () => {
    field.value = current.name
    for (const element of [swatch, invite]) {
      element.style.setProperty("--color", current.color)
      element.style.setProperty("--on-color", inkOn(current.color))
    }
  }
  const change = (next: Visitor) => {
    current = next
    show()
    changed(next)
  }
  field.addEventListener("change", () => {
    const name = field.value.trim()
    // Nobody is nameless: an empty field gives the old name back.
    if (name === "") show()
    else change({ ...current, name })
  })
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") field.blur()
    if (event.key === "Escape") {
      show()
      field.blur()
    }
  })
  swatch.addEventListener("click", () => change({ ...current, color: nextColor(current.color) }))
  show()
}
