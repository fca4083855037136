/** Tables in markdown: the first column is text, the others are numbers. */

/** `head`: the columns' titles, with `|` between. */
export function markdown(head: string, rows: readonly (readonly string[])[]): string {
  const columns = head.split("|")
  const lines = [columns, columns.map((_, index) => (index === 0 ? "---" : "--:")), ...rows]
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")
}
