/** The console: signed in with a key that only this tab's memory holds, and gone with it. */
import { part, say } from "../dom.ts"
import { forgetDeed } from "./actions.ts"
import { showRoom } from "./room.ts"
import { showRooms } from "./rooms.ts"
import { createService, Problem, type Service } from "./service.ts"

const form = part("sign-in", HTMLFormElement)
const input = part("key", HTMLInputElement)
let signOut = () => {}
/** Who asks twice is signed in once: of two, only one could be signed out. */
let isAsking = false

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  if (isAsking) return
  const fault = part("key-fault", HTMLElement)
  say(fault, "")
  const key = input.value.trim()
  // A header holds no other characters: it cannot be a key.
  if (!/^[\x21-\x7e]+$/.test(key)) return say(fault, "This is not an admin key.")
  const service = createService(key)
  isAsking = true
  try {
    await service.totals()
  } catch (error) {
    const message = error instanceof Problem ? error.message : "It failed."
    say(fault, error instanceof Problem && error.status === 401 ? "This is not an admin key of this service." : message)
    input.focus()
    return
  } finally {
    isAsking = false
  }
  input.value = ""
  enter(service)
})

function enter(service: Service): void {
  let leave = () => {}
  const rooms = showRooms(service)
  const follow = () => {
    leave()
    leave = () => {}
    const name = new URLSearchParams(location.hash.slice(1)).get("room")
    rooms.select(name)
    if (name !== null && name !== "") leave = showRoom(service, name)
  }
  toggle(true)
  addEventListener("hashchange", follow)
  follow()
  part("open-room", HTMLFormElement).onsubmit = (event) => {
    event.preventDefault()
    const name = part("search", HTMLInputElement).value.trim()
    if (name !== "") location.hash = `room=${encodeURIComponent(name)}`
  }
  signOut = () => {
    removeEventListener("hashchange", follow)
    leave()
    rooms.stop()
    forgetDeed()
    part("open-room", HTMLFormElement).reset()
    toggle(false)
    signOut = () => {}
  }
}

function toggle(isIn: boolean): void {
  input.value = ""
  form.hidden = isIn
  part("desk", HTMLElement).hidden = !isIn
  part("sign-out", HTMLElement).hidden = !isIn
  if (!isIn) input.focus()
}

part("sign-out", HTMLElement).addEventListener("click", () => signOut())
addEventListener("pagehide", () => signOut())
