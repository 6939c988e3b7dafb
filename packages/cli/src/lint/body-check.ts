import type { FramingRule } from './framing-rules.ts'
import type { Line } from './locate-blocks.ts'
import type { Report } from './rule.ts'

/** Looks at how a body as a whole is packed, piece by piece. */
export interface BodyCheck {
  push(bytes: Uint8Array): void
  line(line: Line): void
  /** What only shows at the end. */
  end(say: Report<FramingRule>): void
}

export function createBodyCheck(): BodyCheck {
  const strict = new TextDecoder('utf-8', { fatal: true })
  const ends = new Set<Line['end']>()
  let first: number[] = []
  let isUtf8 = true

  function decode(bytes?: Uint8Array): void {
    if (!isUtf8) return
    try {
      strict.decode(bytes, { stream: bytes !== undefined })
    } catch {
      isUtf8 = false
    }
  }

  return {
    push(bytes) {
      if (first.length < 3) first = [...first, ...bytes.subarray(0, 3 - first.length)]
      decode(bytes)
    },
    line({ end }) {
      if (end !== '') ends.add(end)
    },
    end(say) {
      decode()
      if (first.join() === '239,187,191') say('byte-order-mark')
      if (!isUtf8) say('invalid-utf8')
      if (ends.size > 1) say('mixed-line-ends')
      else if (ends.has('\r\n')) say('crlf')
      else if (ends.has('\r')) say('carriage-return')
    },
  }
}
