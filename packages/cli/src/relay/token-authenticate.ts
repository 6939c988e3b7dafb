import { createHash } from 'node:crypto'
import type { Authenticate } from '@deltawire/websocket-bridge'

/**
 * Knows people by their tokens. A token is looked up by its hash, so that how long it takes tells nothing about it.
 *
 * @param tokens by the name of who has it
 */
export function tokenAuthenticate(tokens: Readonly<Record<string, string>>): Authenticate {
  const names = new Map(Object.entries(tokens).map(([name, token]) => [hashOf(token), name]))
  return ({ token, cookie = '' }) => {
    const id = names.get(hashOf(token ?? cookieToken(cookie) ?? ''))
    return id === undefined ? undefined : { id }
  }
}

/** The cookie named `token`. */
function cookieToken(header: string): string | undefined {
  const [, value] = /(?:^|;\s*)token=([^;]*)/.exec(header) ?? []
  return value
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
