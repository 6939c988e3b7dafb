import type { Read, RecordingHead } from '../recording/recording.ts'
import type { FramingRule } from './framing-rules.ts'
import type { Report } from './rule.ts'

/** How long a connection may be silent: the shortest time after which usual proxies close it. */
const maxSilenceMs = 30_000

/** What came at once this long after the request was collected by somebody. */
const minBufferedMs = 1000
const minBufferedEvents = 10

/** What is odd about the response, and about when its pieces came. Only a recording tells. */
export function checkTransport(
  head: Pick<RecordingHead, 'response'> | undefined,
  reads: readonly { readonly atMs: number | undefined; readonly length: number }[],
  events: number,
  say: Report<FramingRule>,
): void {
  if (head === undefined) return
  const { status, headers, t } = head.response
  if (status < 200 || status > 299) return say('status-not-ok', String(status))
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  if (!/^text\/event-stream\b/i.test(type)) say('content-type', type === '' ? 'there is none' : type)
  const times = reads.map(({ atMs }) => atMs).filter((atMs) => atMs !== undefined)
  if (times.length < reads.length || times.length === 0) return
  const gaps = [t, ...times].map((at, index, all) => at - (all[index - 1] ?? at))
  const longest = Math.max(...gaps)
  if (longest > maxSilenceMs) say('silence', `${Math.round(longest / 1000)} s`)
  const first = times[0] ?? 0
  const last = times.at(-1) ?? 0
  const isAtOnce = last - first < 5
  if (isAtOnce && first > minBufferedMs && events >= minBufferedEvents) {
    say('buffered', `${events} events after ${(first / 1000).toFixed(1)} s`)
  }
}

/** Only what a check looks at: the bytes themselves are kept elsewhere. */
export function timeOf({ atMs, bytes }: Read): { atMs: number | undefined; length: number } {
  return { atMs, length: bytes.length }
}
