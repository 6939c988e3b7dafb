import { StreamError } from '@deltawire/core'

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
  return new StreamError('http_status', `the server answered ${response.status}${reasonOf(body)}`, {
    status: response.status,
    headers,
    body,
  })
}

/** What the body says in its own words, if it is an error in JSON. */
function reasonOf(body: string): string {
  try {
    const said: unknown = JSON.parse(body)
    // Gemini wraps its errors in a list.
    const { error, message } = (Array.isArray(said) ? said[0] : said) as {
      error?: { message?: unknown } | string
      message?: unknown
    }
    const reason = typeof error === 'string' ? error : (error?.message ?? message)
    return typeof reason === 'string' ? `: ${reason.slice(0, 500)}` : ''
  } catch {
    return ''
  }
}
