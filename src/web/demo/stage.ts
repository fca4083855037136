/** Where you are on the stage, whichever way you point: mouse, finger or keys. */
import { type Point, REACTIONS, type Reaction } from "./presence.ts"

export type StageEvents = {
  /** Null: the mouse left the stage. */
  readonly move: (point: Point | null) => void
  readonly ripple: (point: Point) => void
  readonly react: (kind: Reaction) => void
}

export type Stage = {
  /** Where you are, or the middle while you are nowhere. */
  readonly here: () => Point
}

const STEP = 0.02
const STRIDE = 0.1
/** A finger that moved less has tapped. */
const TAP_PX = 8
const MIDDLE: Point = { x: 0.5, y: 0.5 }
const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
}

export function watchStage(stage: HTMLElement, events: StageEvents): Stage {
  let here: Point | null = null
  let pressedAt: { readonly x: number; readonly y: number } | null = null

  const moveTo = (point: Point | null, input: "mouse" | "touch" | "keys") => {
    // Whoever points with a mouse sees it already; for everybody else the page draws where they are.
    stage.dataset["input"] = input
    here = point
    events.move(point)
  }
  const placeOf = ({ clientX, clientY }: PointerEvent): Point => {
    const box = stage.getBoundingClientRect()
    return { x: share((clientX - box.left) / box.width), y: share((clientY - box.top) / box.height) }
  }
  const kindOf = ({ pointerType }: PointerEvent) => (pointerType === "mouse" ? "mouse" : "touch")

  stage.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return
    pressedAt = { x: event.clientX, y: event.clientY }
    if (event.pointerType !== "mouse") stage.setPointerCapture(event.pointerId)
    moveTo(placeOf(event), kindOf(event))
  })
  stage.addEventListener("pointermove", (event) => {
    if (event.isPrimary) moveTo(placeOf(event), kindOf(event))
  })
  stage.addEventListener("pointerup", (event) => {
    if (!event.isPrimary || pressedAt === null) return
    const moved = Math.hypot(event.clientX - pressedAt.x, event.clientY - pressedAt.y)
    pressedAt = null
    if (moved <= TAP_PX) events.ripple(placeOf(event))
  })
  stage.addEventListener("pointercancel", () => {
    pressedAt = null
  })
  stage.addEventListener("pointerleave", (event) => {
    // A finger that lifts leaves too, but it stays where it was last.
    if (event.pointerType === "mouse") moveTo(null, "mouse")
  })
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const arrow = ARROWS[event.key]
    const from = here ?? MIDDLE
    if (arrow !== undefined) {
      const by = event.shiftKey ? STRIDE : STEP
      moveTo({ x: share(from.x + arrow.x * by), y: share(from.y + arrow.y * by) }, "keys")
    } else if (event.key === "Enter" || event.key === " ") {
      if (!event.repeat) {
        moveTo(from, "keys")
        events.ripple(from)
      }
    } else {
      const kind = event.repeat ? undefined : REACTIONS[Number(event.key) - 1]
      if (kind === undefined) return
      events.react(kind)
    }
    event.preventDefault()
  })
  return { here: () => here ?? MIDDLE }
}

/** Within the stage, and short on the wire. */
function share(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000
}
