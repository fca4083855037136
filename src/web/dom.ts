/** The few lines between a page and the DOM. Everything that others say becomes text, never markup. */

const SVG = "http://www.w3.org/2000/svg"

/** The element that index.html promises. */
export function part<T extends Element>(id: string, kind: new () => T): T {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`index.html has no ${kind.name} #${id}`)
}

export function make<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, className = "", text = ""): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  if (className !== "") element.className = className
  if (text !== "") element.textContent = text
  return element
}

export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg")
  svg.classList.add("icon")
  svg.setAttribute("aria-hidden", "true")
  const use = document.createElementNS(SVG, "use")
  use.setAttribute("href", `#icon-${name}`)
  svg.append(use)
  return svg
}

/** Text is set only when it differs: a live region speaks at every write. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** Keeps one child per item, in the order of the items; a child lives as long as its item's key. */
export function keyed<Item, Child extends HTMLElement>(
  parent: HTMLElement,
  keyOf: (item: Item) => string,
  create: (item: Item) => Child,
  refresh: (child: Child, item: Item) => void,
): (items: readonly Item[]) => void {
  let children = new Map<string, Child>()
  return (items) => {
    const next = new Map<string, Child>()
    for (const [at, item] of items.entries()) {
      const key = keyOf(item)
      const child = children.get(key) ?? create(item)
      children.delete(key)
      next.set(key, child)
      refresh(child, item)
      if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null)
    }
    for (const child of children.values()) child.remove()
    children = next
  }
}

export function wantsLessMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches
}
