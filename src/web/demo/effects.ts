/** Ripples and reactions: drawn once, and gone by themselves. */
import { wantsLessMotion } from "../dom.ts"
import type { Point } from "./presence.ts"

const TURN_MS = 4000

export function drawEffects(layer: HTMLElement): (effect: HTMLElement, at: Point, color: string) => void {
  return (effect, at, color) => {
    effect.style.left = `${at.x * 100}%`
    effect.style.top = `${at.y * 100}%`
    effect.style.setProperty("--color", color)
    layer.append(effect)
    if (wantsLessMotion()) setTimeout(() => effect.remove(), TURN_MS / 4)
    else effect.addEventListener("animationend", () => effect.remove(), { once: true })
    // Animations of a page in the background may never end.
    setTimeout(() => effect.remove(), TURN_MS)
  }
}
