/** A key set on loopback: what it serves can be changed, it can fail, and it counts how often it was asked. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose"

export type Signer = {
  readonly jwk: JWK
  readonly sign: (claims: Record<string, unknown>, header?: { kid?: string | undefined; alg?: string }) => Promise<string>
}

export async function signerOf(alg: "RS256" | "ES256" | "EdDSA", kid: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid, alg }
  const sign: Signer["sign"] = (claims, header = {}) => {
    const { kid: named = kid } = header
    const withKid = "kid" in header && header.kid === undefined ? {} : { kid: named }
    return new SignJWT(claims).setProtectedHeader({ alg, ...withKid }).sign(privateKey)
  }
  return { jwk, sign }
}

export type KeyServer = AsyncDisposable & {
  readonly url: URL
  asked: number
  /** What it answers: a list of keys, another text, or null: an error. */
  answer: readonly JWK[] | string | null
}

export async function keyServer(answer: KeyServer["answer"]): Promise<KeyServer> {
  const http = createServer((_request, response) => {
    server.asked++
    if (server.answer === null) response.writeHead(500).end()
    else response.end(typeof server.answer === "string" ? server.answer : JSON.stringify({ keys: server.answer }))
  })
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening))
  const address = http.address()
  if (!isTcp(address)) throw new Error("the server has no port")
  const server: KeyServer = {
    url: new URL(`http://127.0.0.1:${address.port}/jwks`),
    asked: 0,
    answer,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
    },
  }
  return server
}

function isTcp(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === "object" && address !== null
}
