/** Where an object is made, and so which object a name stands for: a jurisdiction holds names of its own. */

/** Near where an object is made the first time that anybody asks for it; after that it stays. */
export const LOCATION_HINTS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "afr", "me"] as const
/** Where an object runs and stores, and nowhere else. */
export const JURISDICTIONS = ["eu", "us", "fedramp", "fedramp-high"] as const

export type LocationHint = (typeof LOCATION_HINTS)[number]
export type Jurisdiction = (typeof JURISDICTIONS)[number]

/** Null: wherever the platform puts it. */
export type Placement = { readonly locationHint: LocationHint | null; readonly jurisdiction: Jurisdiction | null }

/** As much of a namespace of Durable Objects as addressing takes. */
export type Namespace<Stub> = {
  getByName(name: string, options?: { locationHint: LocationHint }): Stub
  jurisdiction(jurisdiction: Jurisdiction): Namespace<Stub>
}

/** This runtime has no jurisdictions; `message` says what to do. */
export class NoJurisdiction extends Error {}

/** The object of that name. Throws `NoJurisdiction` where the runtime cannot keep to one: it is never left out silently. */
export function objectOf<Stub>(namespace: Namespace<Stub>, name: string, { locationHint, jurisdiction }: Placement): Stub {
  const objects = jurisdiction === null ? namespace : within(namespace, jurisdiction)
  return locationHint === null ? objects.getByName(name) : objects.getByName(name, { locationHint })
}

function within<Stub>(namespace: Namespace<Stub>, jurisdiction: Jurisdiction): Namespace<Stub> {
  try {
    return namespace.jurisdiction(jurisdiction)
  } catch (cause) {
    const message = `JURISDICTION is ${JSON.stringify(jurisdiction)}, which this runtime cannot keep to (Cloudflare's network can, a local workerd cannot); leave it unset here`
    throw new NoJurisdiction(message, { cause })
  }
}
