import type { StreamEnd } from '../engine.ts'
import type { Lineage } from '../protocol/position.ts'
import { parseLineage } from './lineage.ts'

/** What is said on the channel of a stream. Some of it may be lost, and is then read. */
export type Message =
  | { readonly kind: 'chunks'; readonly epoch: string; readonly from: number; readonly chunks: readonly string[] }
  /** There are chunks up to here, too long to be said. */
  | { readonly kind: 'news'; readonly epoch: string; readonly tail: number }
  | { readonly kind: 'end'; readonly tail: number; readonly end: StreamEnd }
  | { readonly kind: 'epoch'; readonly lineage: Lineage }
  | { readonly kind: 'flag'; readonly name: string; readonly value: string }
  | { readonly kind: 'restored' }

/** Longer additions are read and not said: a message waits in the store for each node that is slow. */
const MAX_SAID_LENGTH = 65_536

/** The lengths of chunks, to be found in their sum again; `''` if they are too long to be said. */
export function lengthsOf(chunks: readonly string[]): string {
  const lengths = chunks.map(({ length }) => length)
  return lengths.reduce((sum, length) => sum + length, 0) > MAX_SAID_LENGTH ? '' : lengths.join()
}

/** Reads a message; `undefined` for one of another version. */
export function readMessage(text: string): Message | undefined {
  const [kind, ...rest] = fieldsOf(text)
  const [first = '', second = '', third = ''] = rest
  switch (kind) {
    case 'c':
      return { kind: 'chunks', epoch: first, from: Number(second), chunks: cut(bodyOf(text, 4), third) }
    case 'n':
      return { kind: 'news', epoch: first, tail: Number(second) }
    case 'x':
      // Written by this engine.
      return { kind: 'end', tail: Number(first), end: JSON.parse(bodyOf(text, 2)) as StreamEnd }
    case 'e':
      return { kind: 'epoch', lineage: parseLineage(first) }
    case 'f': {
      const [name, value] = JSON.parse(bodyOf(text, 1)) as [string, string]
      return { kind: 'flag', name, value }
    }
    case 'r':
      return { kind: 'restored' }
    case undefined:
    default:
      return undefined
  }
}

/** The first fields: none of them holds the mark between them. */
const fieldsOf = (text: string): string[] => text.split('|', 4)

/** What stands after so many marks. */
function bodyOf(text: string, marks: number): string {
  let at = 0
  for (let count = 0; count < marks; count++) at = text.indexOf('|', at) + 1
  return text.slice(at)
}

function cut(body: string, lengths: string): string[] {
  let at = 0
  return lengths.split(',').map((length) => body.slice(at, (at += Number(length))))
}
