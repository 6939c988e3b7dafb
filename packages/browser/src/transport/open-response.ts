import { StreamError } from '@deltawire/core'
import { parseObject } from './parse-object.ts'

/** An error page is for people: this much of it is kept. */
const MAX_BODY = 16 * 1024

/**
 * Fetches, and says in our words what went wrong.
 *
 * @returns `null` for what is not there (404, 410), if it may be missing
 * @throws StreamError `connect_failed`, `http_status`; the signal's reason
 */
export async function openResponse(
  fetcher: typeof fetch,
  url: string,
  init: RequestInit & { signal: AbortSignal },
  mayBeMissing: boolean,
): Promise<Response | null> {
  const response = await fetcher(url, init).catch((cause: unknown) => {
    init.signal.throwIfAborted()
    // Every browser has its own words, and Safari's "Load failed" does not even name the network.
    throw new StreamError('connect_failed', `no answer from ${url}`, { url }, { cause })
  })
  const { ok, status, headers } = response
  if (ok) return response
  if (mayBeMissing && (status === 404 || status === 410)) return null
  const body = (await response.text().catch(() => '')).slice(0, MAX_BODY)
  throw new StreamError('http_status', `the server answered ${status}${reasonOf(body)}`, {
    status,
    headers: Object.fromEntries(headers),
    body,
  })
}

/** What the body says in its own words, if it is an error in JSON. */
function reasonOf(body: string): string {
  const { error, message } = (parseObject(body) ?? {}) as { error?: { message?: unknown }; message?: unknown }
  const reason = error?.message ?? message
  return typeof reason === 'string' ? `: ${reason.slice(0, 500)}` : ''
}
