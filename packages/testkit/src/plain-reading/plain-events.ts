interface PlainEvent {
  name: string
  data: string
}

/** The events of a whole body: lines end with CR, LF or both, events with a blank line or with the body. */
export function plainEvents(text: string): PlainEvent[] {
  const events: PlainEvent[] = []
  let name = ''
  let data: string[] = []
  for (const line of [...text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/), '']) {
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    if (line === '') {
      if (data.length > 0) events.push({ name, data: data.join('\n') })
      name = ''
      data = []
    } else if (field === 'data') {
      data.push(value)
    } else if (field === 'event') {
      name = value
    } else if (field === 'error') {
      // llama.cpp before September 2025: not a field of the standard.
      events.push({ name: 'error', data: value })
    }
  }
  return events
}
