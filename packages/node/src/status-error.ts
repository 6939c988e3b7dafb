import { accumulate, decodeChunks, isStreamError, StreamError } from '@deltawire/core'
import { readEvents } from './read-events.ts'

/** An error page is for people: this much of it is kept. */
const MAX_BODY = 16 * 1024

/** The error of a response whose status is outside 200-299, with what its body says. */
export async function statusError(response: Response): Promise<StreamError<'http_status'>> {
  let body = ''
  const decoder = new TextDecoder()
  try {
    for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      body += decoder.decode(piece, { stream: true })
      if (body.length >= MAX_BODY) break
    }
  } catch {
    // The status says enough; what arrived of the body is kept.
  }
  body = body.slice(0, MAX_BODY)
  const headers = Object.fromEntries(response.headers)
  if (headers['location'] !== undefined) headers['location'] = placeOf(headers['location'])
  const why = (await reasonOf(body)) || (whereOf[response.status]?.(response) ?? '')
  return new StreamError('http_status', `the server answered ${response.status}${why}`, {
    status: response.status,
    headers,
    body,
  })
}

/** What the body says in its own words: as an error in any form that a stream may hold, or as a message alone. */
async function reasonOf(body: string): Promise<string> {
  const { error } = await accumulate(decodeChunks(readEvents([body])))
  const reason = isStreamError(error) && error.code === 'upstream_error' ? error.details.error.message : messageIn(body)
  return reason === undefined ? '' : `: ${reason.slice(0, 500)}`
}

function messageIn(body: string): string | undefined {
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    return typeof message === 'string' ? message : undefined
  } catch {
    return undefined
  }
}

const redirect = ({ headers }: Response): string => {
  const place = placeOf(headers.get('location'))
  return place && `, a redirect to ${place}, which is not followed`
}
const asked = ({ url }: Response): string => {
  const place = placeOf(url)
  return place && ` at ${place}`
}

/** Of these the address is the reason, mostly: of a base URL without its `/v1`, say. */
const whereOf: Readonly<Record<number, (response: Response) => string>> = {
  301: redirect,
  302: redirect,
  303: redirect,
  307: redirect,
  308: redirect,
  404: asked,
  405: asked,
}

/** Without the query, where keys stand at some, and without a name and a password. */
const placeOf = (url: string | null): string =>
  (url ?? '')
    .replace(/[?#].*/s, '')
    .replace(/\/\/[^/]*@/, '//')
    .slice(0, 500)
