// How many events of a recording take the fast way.
import { createByteDecoder } from '@deltawire/core/bytes'
import { createParser } from 'eventsource-parser'

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** The data of the events that the parser sees. */
function parsedEvents(bytes, options) {
  const events = []
  const platform = {
    createSseParser(emit) {
      const parser = createParser({
        onEvent(event) {
          events.push(event.data)
          emit(event)
        },
      })
      return { push: (text) => parser.feed(text.replaceAll(/\r\n?/g, '\n')), end: () => parser.feed('\n\n') }
    },
    createTextDecoder: () => new TextDecoder(),
    decodeRange: (from, begin, end) => utf8.decode(from.subarray(begin, end)),
  }
  const decoder = createByteDecoder(platform, options, true)
  decoder.push(bytes)
  decoder.end()
  return events
}

/** Text, reasoning, arguments: what makes most of a stream. Empty ones, and what ends it, are not. */
function hasContent(data) {
  try {
    const { delta, finish_reason } = JSON.parse(data).choices[0]
    const texts = [delta.content, delta.reasoning, delta.reasoning_content, delta.refusal]
    const more = delta.tool_calls?.[0]?.function?.arguments
    return !finish_reason && [...texts, more].some((text) => typeof text === 'string' && text !== '')
  } catch {
    return false
  }
}

/** Events with content, and how many of them the parser saw. */
export function countEvents(bytes) {
  // A reader of repairs wants every event decoded in full: nothing takes the fast way.
  const all = parsedEvents(bytes, { onRepair() {} }).filter(hasContent).length
  return { all, slow: parsedEvents(bytes, {}).filter(hasContent).length }
}
