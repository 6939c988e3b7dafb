/** What a server was asked. */
export interface Asked {
  readonly url: string
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

/** A server that answers every request with this response, and remembers what it was asked. */
export function answering(respond: (asked: Asked, count: number) => Promise<Response> | Response) {
  const requests: Asked[] = []
  const answer: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const text = await request.text()
    const asked = {
      url: request.url,
      headers: request.headers,
      body: text === '' ? {} : (JSON.parse(text) as Asked['body']),
    }
    requests.push(asked)
    return respond(asked, requests.length)
  }
  return { requests, fetch: answer }
}

export function sse(...chunks: readonly object[]): Response {
  const text = chunks.map(
    (chunk) =>
      `data: ${JSON.stringify({ id: 'a', object: 'chat.completion.chunk', created: 1, model: 'm', ...chunk })}\n\n`,
  )
  return new Response(`${text.join('')}data: [DONE]\n\n`, { headers: { 'content-type': 'text/event-stream' } })
}

export function choice(delta: object, finish_reason: string | null = null, index = 0) {
  return { choices: [{ index, delta, finish_reason }] }
}

/** A whole answer. */
export function saying(text: string): Response {
  return sse(choice({ role: 'assistant', content: text }), choice({}, 'stop'))
}
