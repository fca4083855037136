/** Addresses that the service itself asks. */

/** Over plain http only on this machine: who can change what goes to or comes from it speaks for the service. The address may hold a key: it is not quoted. */
export function webAddressFault(name: string, text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null
  const isLocal = url !== null && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)
  if (url?.protocol === "https:" || (isLocal && url.protocol === "http:")) return null
  return `${name} is ${url === null ? "no address" : `of the scheme ${url.protocol.slice(0, -1)}`}; an https address is allowed (http on localhost alone)`
}
