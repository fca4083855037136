/** `npm run scale`: one room of a million watchers, and a million rooms; `npm run scale -- --write` puts the tables into docs/scale.md. */
import { writeSection } from "./page.ts"
import { sections } from "./scale/tables.ts"

const made = sections()
for (const [name, content] of Object.entries(made)) {
  console.log(`${name}\n\n${content}\n`)
  if (process.argv.includes("--write")) writeSection("scale.md", name, content)
}
