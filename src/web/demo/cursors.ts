/** The cursors on the stage. They glide towards where they were last seen, or jump there when less motion is asked for. */
import { icon, keyed, make, say, wantsLessMotion } from "../dom.ts"
import type { Look, Point } from "./presence.ts"

export type Cursor = Look & {
  readonly key: string
  readonly label: string
  readonly point: Point
  readonly isAway: boolean
  readonly isTyping: boolean
  readonly isOwn: boolean
}

type Glide = { at: Point; to: Point; readonly element: HTMLElement }

/** After so long a cursor has gone about two thirds of its way: three ticks of the service. */
const EASE_MS = 70
/** On a small stage a label needs more of it. */
const NARROW = matchMedia("(max-width: 760px)")
/** Nearer than this is there. */
const NEAR = 0.0004

export function drawCursors(layer: HTMLElement): (cursors: readonly Cursor[]) => void {
  const glides = new Map<HTMLElement, Glide>()
  let frame: number | null = null
  let last = 0

  const step = (now: number) => {
    const share = 1 - Math.exp(-Math.min(now - last, 100) / EASE_MS)
    last = now
    let isMoving = false
    for (const glide of glides.values()) {
      if (!glide.element.isConnected) {
        glides.delete(glide.element)
        continue
      }
      const { at, to } = glide
      if (at === to) continue
      const isNear = Math.hypot(to.x - at.x, to.y - at.y) < NEAR
      glide.at = isNear ? to : { x: at.x + (to.x - at.x) * share, y: at.y + (to.y - at.y) * share }
      place(glide)
      isMoving ||= !isNear
    }
    frame = isMoving ? requestAnimationFrame(step) : null
  }

  return keyed<Cursor, HTMLElement>(
    layer,
    ({ key }) => key,
    ({ point }) => {
      const element = make("div", "cursor")
      const label = make("div", "cursor-label")
      label.append(make("span", "cursor-name"), make("span", "dots"))
      element.append(icon("cursor"), label)
      const glide = { at: point, to: point, element }
      glides.set(element, glide)
      place(glide)
      return element
    },
    (element, cursor) => {
      const { point, label } = cursor
      element.style.setProperty("--color", cursor.color)
      element.style.setProperty("--on-color", cursor.ink)
      element.dataset["key"] = cursor.key
      element.classList.toggle("is-away", cursor.isAway)
      element.classList.toggle("is-typing", cursor.isTyping)
      element.classList.toggle("is-own", cursor.isOwn)
      element.classList.toggle("is-right", point.x > (NARROW.matches ? 0.55 : 0.8))
      element.classList.toggle("is-low", point.y > 0.88)
      const name = element.querySelector(".cursor-name")
      if (name !== null) say(name, label)
      const glide = glides.get(element)
      if (glide === undefined || (glide.to.x === point.x && glide.to.y === point.y)) return
      glide.to = point
      if (cursor.isOwn || wantsLessMotion()) {
        glide.at = point
        place(glide)
      } else if (frame === null) {
        last = performance.now()
        frame = requestAnimationFrame(step)
      }
    },
  )
}

/** In shares of the stage, which is a size container: nothing has to be placed anew when it changes its size. */
function place({ element, at }: Glide): void {
  element.style.translate = `${at.x * 100}cqw ${at.y * 100}cqh`
}
