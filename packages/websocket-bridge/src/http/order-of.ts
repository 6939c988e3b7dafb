import { randomUUID } from 'node:crypto'
import type { OrphanPolicy } from '../protocol/frame.ts'
import { Refusal } from '../refusal.ts'

/** What the headers say of a stream that is to be started. */
export function orderOf(headers: Headers): {
  key: string
  topic: string | undefined
  orphan: OrphanPolicy | undefined
} {
  const after = headers.get('x-cancel-after-ms')
  return {
    // Whoever says no key asks for a stream of their own.
    key: textOf(headers.get('idempotency-key') ?? undefined, 'Idempotency-Key', 128) ?? randomUUID(),
    topic: textOf(headers.get('x-topic') ?? undefined, 'x-topic', 256),
    orphan: after === null ? undefined : orphanOf({ cancelAfterMs: after === '' ? undefined : Number(after) }),
  }
}

/** What becomes of it when nobody follows it, as a body says it. */
export function orphanOf(value: unknown): OrphanPolicy | undefined {
  if (value === undefined || value === 'continue') return value
  const cancelAfterMs = typeof value === 'object' && value !== null && 'cancelAfterMs' in value && value.cancelAfterMs
  if (typeof cancelAfterMs === 'number' && Number.isSafeInteger(cancelAfterMs) && cancelAfterMs >= 0)
    return { cancelAfterMs }
  throw new Refusal('bad_request', 'What becomes of an orphan is "continue" or { "cancelAfterMs": 60000 }.')
}

export function textOf(value: unknown, name: string, maxLength: number): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '' && value.length <= maxLength) return value
  throw new Refusal('bad_request', `"${name}" is a text of 1 to ${maxLength} characters.`)
}

export function objectOf(value: unknown): { readonly [key: string]: unknown } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new Refusal('bad_request', 'The body must be a JSON object.')
}
