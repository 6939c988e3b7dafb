/** One server-sent event. */
export interface Event {
  readonly id?: string
  readonly event?: string
  readonly data: string
}

/** Reads server-sent events as plainly as can be. */
export async function* eventsOf(response: Response): AsyncGenerator<Event> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = text
        .slice(0, end)
        .split('\n')
        .flatMap((line) =>
          line.startsWith(':') ? [] : [[line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]],
        )
      text = text.slice(end + 2)
      if (fields.length > 0) yield Object.fromEntries(fields) as Event
    }
  }
}

export async function all(response: Response): Promise<Event[]> {
  const events: Event[] = []
  for await (const event of eventsOf(response)) events.push(event)
  return events
}
