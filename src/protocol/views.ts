/** How much of the room a connection asks to be told. What it does not ask for costs nothing: neither bytes nor frames. */
import { z } from "zod"

export const VIEWS = ["full", "members", "count"] as const

export const viewSchema = z.enum(VIEWS)

/** `full`: everything. `members`: who is here, without anybody's `data`. `count`: how many, and nobody's entry. */
export type View = z.infer<typeof viewSchema>

export const VIEW_RULE = `a view is one of ${VIEWS.join(", ")}`
