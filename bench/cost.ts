/** `npm run cost`: what a load costs a month; `npm run cost -- --help` lists the options, `--write` puts the tables into docs/cost.md. */
import { answer, readLoad, sections, USAGE } from "./cost/command.ts"
import { writeSection } from "./page.ts"

try {
  const { load, write, help } = readLoad(process.argv.slice(2))
  if (help) console.log(USAGE)
  else console.log(answer(load))
  if (write) for (const [name, content] of Object.entries(sections())) writeSection("cost.md", name, content)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
