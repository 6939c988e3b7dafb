import type { Io, Output } from '../io.ts'

/** Short ones are no secrets, and would make gaps in every word. */
const minLength = 8

/** The text without what must never be shown. Some servers repeat the key that they refuse. */
export function redacted(text: string, secrets: readonly string[]): string {
  return secrets
    .filter(({ length }) => length >= minLength)
    .reduce((rest, secret) => rest.replaceAll(secret, '[key]'), text)
}

/** The same Io, whose stderr says no secret. */
export function withoutSecrets(io: Io, secrets: readonly string[]): Io {
  const { stderr } = io
  const write: Output['write'] = (text) => stderr.write(typeof text === 'string' ? redacted(text, secrets) : text)
  return { ...io, stderr: { ...stderr, write } }
}
