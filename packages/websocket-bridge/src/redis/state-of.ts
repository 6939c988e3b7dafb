import type { Flags, StreamEnd, StreamState, StreamSummary } from '../engine.ts'
import type { OrphanPolicy } from '../protocol/frame.ts'
import { parseLineage } from './lineage.ts'
import type { Reply } from './store.ts'

/** A stream as it was read, from an offset on. */
export interface ReadStream {
  /** The whole state, if `isWhole`; otherwise without the sum, and with the chunks after `from` alone. */
  readonly state: StreamState
  readonly from: number
  readonly tail: number
  readonly isWhole: boolean
}

/** What the script `read` answers; `undefined` if there is no such stream. */
export function readStreamOf(reply: Reply, id: string, asked: number): ReadStream | undefined {
  if (reply === null) return undefined
  const [have, from, sum, chunks, flags] = reply as [(string | null)[], string, string | null, string[], string[]]
  const [owner, key, request, topic, orphan, at, lineage, fence, node, base, tail, end] = have.map(
    (field) => field ?? '',
  )
  const ending = endOf(end)
  return {
    state: {
      id,
      owner: owner ?? '',
      key: key ?? '',
      request: request ?? '',
      ...(topic !== '' && { topic }),
      // Written by this engine.
      orphan: JSON.parse(orphan ?? '') as OrphanPolicy,
      createdAt: Number(at),
      status: ending?.st ?? 'live',
      lineage: parseLineage(lineage ?? ''),
      base: Number(base),
      sum: sum ?? undefined,
      chunks,
      end: ending,
      flags: flagsOf(flags),
      node: node ?? '',
      fence: Number(fence),
    },
    from: Number(from),
    tail: Number(tail),
    isWhole: Number(from) !== asked,
  }
}

/** Names and values, one after the other. */
export function flagsOf(flat: readonly string[]): Flags {
  const pairs: [string, string][] = []
  for (let at = 0; at < flat.length; at += 2) pairs.push([flat[at] ?? '', flat[at + 1] ?? ''])
  return Object.fromEntries(pairs)
}

/** What `SUMMARY` answers for one stream; `undefined` if it is gone. */
export function summaryOf(reply: Reply): StreamSummary | undefined {
  if (reply === null) return undefined
  const [id, owner, topic, end, at] = reply as [string, string, string, string | null, string]
  const status = endOf(end ?? '')?.st ?? 'live'
  return { id, owner, ...(topic !== '' && { topic }), status, createdAt: Number(at) }
}

// Written by this engine.
export const endOf = (json: string | undefined): StreamEnd | undefined =>
  json === undefined || json === '' ? undefined : (JSON.parse(json) as StreamEnd)
