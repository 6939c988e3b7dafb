import type { RecordingHead } from './recording.ts'

/** What stands in the place of a secret. */
export const redacted = '[redacted]'

export interface RedactionOptions {
  /** Texts that must not be stored, wherever they stand: the key that was sent. */
  readonly secrets: readonly string[]
  /** Names of headers, and `body.path.to.field`, that the user wants out. */
  readonly names: readonly string[]
}

export interface Redaction {
  /** The same head without what is secret. */
  readonly head: (head: RecordingHead) => RecordingHead
  /** The same text without the secrets. */
  readonly text: (text: string) => string
  readonly bytes: (bytes: Uint8Array) => Uint8Array
}

/** Headers that hold a key, under whatever name; those about limits count tokens of another kind. */
const secretHeader = /auth|key|token|secret|cookie|password|session/i
const harmlessHeader = /^x-ratelimit-|^access-control-|^x-.*-tokens$/i

export function isSecretHeader(name: string): boolean {
  return secretHeader.test(name) && !harmlessHeader.test(name)
}

/** What is secret in these headers, as it may stand elsewhere too: the key, without the word before it. */
export function secretsIn(headers: Readonly<Record<string, string>>): string[] {
  const values = Object.entries(headers).filter(([name]) => isSecretHeader(name))
  const all = values.flatMap(([name, value]) =>
    /cookie/i.test(name)
      ? value.split(/[;,]\s*/).map((pair) => pair.replace(/^[^=]*=/, ''))
      : [value, value.replace(/^\S+\s+/, '')],
  )
  // Shorter ones are flags of a cookie, and words of an answer.
  return all.map((secret) => secret.trim()).filter((secret) => secret.length >= 8)
}

/** Keeps secrets out of what is stored. Keys are never stored, whatever the user says. */
export function createRedaction({ secrets, names }: RedactionOptions): Redaction {
  // Short ones would blacken half of an answer, and are no secrets.
  const hidden = secrets.filter((secret) => secret.length >= 4).toSorted((a, b) => b.length - a.length)
  const headers = new Set(names.filter((name) => !name.startsWith('body.')).map((name) => name.toLowerCase()))
  const paths = names.filter((name) => name.startsWith('body.')).map((name) => name.split('.').slice(1))

  const text = (given: string) => hidden.reduce((out, secret) => out.replaceAll(secret, redacted), given)

  function headersOf(given: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(given).map(([name, value]) => {
        return [name, isSecretHeader(name) || headers.has(name.toLowerCase()) ? redacted : text(value)]
      }),
    )
  }

  function bodyOf(body: unknown): unknown {
    if (body === undefined) return undefined
    const copy = JSON.parse(text(JSON.stringify(body))) as unknown
    for (const path of paths) redactAt(copy, path)
    return copy
  }

  return {
    text,
    bytes(bytes) {
      if (hidden.length === 0) return bytes
      // Latin-1 gives every byte back as it was.
      const latin = Buffer.from(bytes).toString('latin1')
      const clean = text(latin)
      return clean === latin ? bytes : Buffer.from(clean, 'latin1')
    },
    head: ({ request, response, ...head }) => ({
      ...head,
      request: {
        method: request.method,
        url: text(urlWithoutValues(request.url)),
        headers: headersOf(request.headers),
        ...(request.body !== undefined && { body: bodyOf(request.body) }),
      },
      response: { ...response, headers: headersOf(response.headers) },
    }),
  }
}

/** Keys stand in queries, at some. Which API version was asked for is no secret. */
function urlWithoutValues(url: string): string {
  if (!URL.canParse(url)) return url
  const parsed = new URL(url)
  parsed.username = ''
  parsed.password = ''
  for (const name of new Set(parsed.searchParams.keys())) {
    if (!/version/i.test(name)) parsed.searchParams.set(name, redacted)
  }
  return parsed.href
}

function redactAt(value: unknown, [key, ...rest]: readonly string[]): void {
  if (typeof value !== 'object' || value === null || key === undefined) return
  if (Array.isArray(value)) {
    for (const item of value) redactAt(item, [key, ...rest])
    return
  }
  const object = value as Record<string, unknown>
  if (!Object.hasOwn(object, key)) return
  if (rest.length === 0) object[key] = redacted
  else redactAt(object[key], rest)
}
