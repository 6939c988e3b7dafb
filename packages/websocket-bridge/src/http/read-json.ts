import { Refusal } from '../refusal.ts'

/**
 * Reads the body of a request, to its end or to the limit.
 *
 * @throws Refusal for a body that is too long, compressed, broken off, or no JSON
 */
export async function readJson(request: Request, maxBodyBytes: number): Promise<unknown> {
  const encoding = request.headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') throw new Refusal('bad_request', 'The body must not be compressed.')
  const text = await readText(request, maxBodyBytes)
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal('bad_request', 'The body must be JSON.')
  }
}

async function readText({ headers, body }: Request, maxBodyBytes: number): Promise<string> {
  const tooLarge = new Refusal('too_large', `The body is larger than ${maxBodyBytes} bytes (maxBodyBytes).`)
  if (Number(headers.get('content-length')) > maxBodyBytes) throw tooLarge
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  const pieces = (body ?? []) as Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  try {
    for await (const piece of pieces) {
      length += piece.byteLength
      if (length > maxBodyBytes) throw tooLarge
      text += decoder.decode(piece, { stream: true })
    }
  } catch (cause) {
    if (cause === tooLarge) throw tooLarge
    // Whoever sent it has gone away.
    throw new Refusal('bad_request', 'The body broke off before its end.', { cause })
  }
  return text + decoder.decode()
}
