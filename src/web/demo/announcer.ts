/** Tells a screen reader who came and went: politely, together, and at most once in a while. */
import { part, say } from "../dom.ts"
import { listOf, type Person } from "./presence.ts"

const PAUSE_MS = 1500

export type Announcer = { readonly people: (people: readonly Person[]) => void; readonly tell: (sentence: string) => void }

export function announcer(): Announcer {
  const region = part("announcer", HTMLElement)
  /** By member: the name under which they were last told of. */
  let told: Map<string, string> | null = null
  let now = new Map<string, string>()
  let waiting: string[] = []
  let isDue = false

  const speak = () => {
    isDue = false
    const sentences = [...(told === null ? [] : whoMoved(told, now)), ...waiting]
    told = now
    waiting = []
    if (sentences.length > 0) say(region, sentences.join(" "))
  }
  const soon = () => {
    if (!isDue) setTimeout(speak, PAUSE_MS)
    isDue = true
  }
  return {
    people(people) {
      now = new Map(people.filter(({ isSelf }) => !isSelf).map(({ member, name }) => [member, name]))
      if (told === null && now.size > 0) waiting.push(`Here already: ${listOf([...now.values()])}.`)
      told ??= now
      soon()
    },
    tell(sentence) {
      waiting.push(sentence)
      soon()
    },
  }
}

/** Somebody who came and went in between is nobody's news. */
function whoMoved(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const came = [...after].filter(([member]) => !before.has(member)).map(([, name]) => name)
  const went = [...before].filter(([member]) => !after.has(member)).map(([, name]) => name)
  const sentences: string[] = []
  if (came.length > 0) sentences.push(`${listOf(came)} entered.`)
  if (went.length > 0) sentences.push(`${listOf(went)} left.`)
  if (went.length > 0 && after.size === 0) sentences.push("You are the only one here.")
  return sentences
}
