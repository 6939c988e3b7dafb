import type { Read, RecordingHead } from '../recording/recording.ts'
import type { FramingRule } from './framing-rules.ts'
import type { Report } from './rule.ts'

/** How long a connection may be silent: the shortest time after which usual proxies close it. */
const maxSilenceMs = 30_000

/** What came at once this long after the request was collected by somebody. */
const minBufferedMs = 1000
const minBufferedEvents = 10

/** Looks at the response, and at when its pieces came. Only a recording tells. */
export interface TransportCheck {
  read(read: Read): void
  /** What only shows at the end. */
  end(events: number, say: Report<FramingRule>): void
}

export function createTransportCheck(head: Pick<RecordingHead, 'response'> | undefined): TransportCheck {
  let isTimed = true
  let first: number | undefined
  let last = head?.response.t ?? 0
  let longest = 0

  return {
    read({ atMs }) {
      isTimed &&= atMs !== undefined
      if (atMs === undefined) return
      longest = Math.max(longest, atMs - last)
      first ??= atMs
      last = atMs
    },
    end(events, say) {
      if (head === undefined) return
      const { status, headers } = head.response
      if (status < 200 || status > 299) return say('status-not-ok', String(status))
      const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
      if (!/^text\/event-stream\b/i.test(type)) say('content-type', type === '' ? 'there is none' : type)
      if (!isTimed || first === undefined) return
      if (longest > maxSilenceMs) say('silence', `${Math.round(longest / 1000)} s`)
      const isAtOnce = last - first < 5
      if (isAtOnce && first > minBufferedMs && events >= minBufferedEvents) {
        say('buffered', `${events} events after ${(first / 1000).toFixed(1)} s`)
      }
    },
  }
}
