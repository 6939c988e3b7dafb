import { StreamError, type StreamEvent, type TextSink } from '@deltawire/core'

/** What core allows by default, too. */
const MAX_EVENT_LENGTH = 16 * 1024 * 1024

/**
 * Reads server-sent events from text in pieces, however they were cut.
 *
 * As the HTML standard has it (https://html.spec.whatwg.org/multipage/server-sent-events.html), in one point for other
 * readers: an event has the id that it came with, and not that of an earlier one. `end` gives the event that is open.
 *
 * @throws StreamError `limit_exceeded` (from `push`)
 */
export function createSseParser(emit: (event: StreamEvent) => void, maxEventLength = MAX_EVENT_LENGTH): TextSink {
  /** A line that has not ended yet. */
  let line = ''
  let fields: { data?: string; event?: string; id?: string } = {}
  let isAfterReturn = false
  let isFirst = true

  function read(text: string): void {
    if (text === '') {
      const { data } = fields
      if (data !== undefined) emit({ ...fields, data })
      fields = {}
      return
    }
    const colon = text.indexOf(':')
    const name = colon === -1 ? text : text.slice(0, colon)
    const value = colon === -1 ? '' : text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'data') fields.data = fields.data === undefined ? value : `${fields.data}\n${value}`
    else if (name === 'event' || (name === 'id' && !value.includes('\0'))) fields[name] = value
  }

  return {
    push(text) {
      if (text === '') return
      if (isFirst && text.startsWith('\uFEFF')) text = text.slice(1)
      isFirst = false
      if (isAfterReturn && text.startsWith('\n')) text = text.slice(1)
      isAfterReturn = text.endsWith('\r')
      if (text.includes('\r')) text = text.replaceAll(/\r\n?/g, '\n')
      // A long line comes in many pieces, and is put together once.
      const lines = text.split('\n')
      for (let at = 0; at < lines.length - 1; at++) {
        read(line + lines[at])
        line = ''
      }
      line += lines.at(-1)
      if (line.length + (fields.data?.length ?? 0) > maxEventLength)
        throw new StreamError('limit_exceeded', `an event is longer than ${maxEventLength}`, {
          option: 'maxEventLength',
          limit: maxEventLength,
        })
    },
    end() {
      read(line)
      read('')
      line = ''
    },
  }
}
