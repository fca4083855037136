/** A JSON schema as a person reads it: `{ room: string, members: integer, cursor: string | null }`. */
import { z } from "zod"

/** As much of JSON Schema as zod writes of our own schemas. */
export type Schema = {
  readonly $ref?: string | undefined
  readonly type?: string | readonly string[] | undefined
  readonly const?: unknown
  readonly enum?: readonly unknown[] | undefined
  readonly anyOf?: readonly Schema[] | undefined
  readonly oneOf?: readonly Schema[] | undefined
  readonly items?: Schema | false | undefined
  readonly prefixItems?: readonly Schema[] | undefined
  readonly properties?: Readonly<Record<string, Schema>> | undefined
  readonly required?: readonly string[] | undefined
  readonly additionalProperties?: Schema | boolean | undefined
}

export const schemaSchema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    const: z.unknown().optional(),
    enum: z.array(z.unknown()).optional(),
    anyOf: z.array(schemaSchema).optional(),
    oneOf: z.array(schemaSchema).optional(),
    items: z.union([z.literal(false), schemaSchema]).optional(),
    prefixItems: z.array(schemaSchema).optional(),
    properties: z.record(z.string(), schemaSchema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), schemaSchema]).optional(),
  }),
)

export function shapeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1)
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ")
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return choices.map(shapeOf).join(" | ")
  if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map(shapeOf).join(", ")}]`
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? ["any JSON"])
  return types.map((type) => shapeOfType(type, schema)).join(" | ")
}

function shapeOfType(type: string, { items, properties = {}, required = [], additionalProperties }: Schema): string {
  if (type === "array") return items ? `[${shapeOf(items)}, …]` : "[…]"
  if (type !== "object") return type
  const fields = Object.entries(properties).map(([name, field]) => `${name}${required.includes(name) ? "" : "?"}: ${shapeOf(field)}`)
  if (typeof additionalProperties === "object")
    fields.push(Object.keys(additionalProperties).length === 0 ? "…" : `…: ${shapeOf(additionalProperties)}`)
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`
}
