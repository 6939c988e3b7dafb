import { type ChatCompletionChunk, encodeChunk, encodeDone } from '@deltawire/core'

/** What may go wrong with a request, or with what follows it. */
export type Fault =
  | 'cut'
  | 'ends early'
  | 'gone'
  | 'hangs'
  | 'html'
  | 'junk'
  | 'network'
  | 'no body'
  | 'order'
  | 'provider'
  | 'silence'
  | 'twice'
  | 400
  | 401
  | 404
  | 409
  | 429
  | 500
  | 503

export const faults: readonly Fault[] = [
  ...([400, 401, 404, 409, 429, 500, 503] as const),
  ...(['cut', 'ends early', 'gone', 'hangs', 'html', 'junk', 'network', 'no body'] as const),
  ...(['order', 'provider', 'silence', 'twice'] as const),
]

interface Kept {
  readonly id: string
  readonly chunks: readonly ChatCompletionChunk[]
  /** How much the model has written. */
  written: number
  isStopped: boolean
}

export interface FlakyBackend {
  readonly fetch: typeof fetch
  /** Answers that are read now. */
  readonly open: number
  readonly asked: number
  /** Lets every model write on, and every reader hear of it. */
  write(chunks: number): void
}

/** What is answered to a question: it says which one, so that no answer can be taken for another. */
export const answerTo = (question: string): string => `[${question}]${' word'.repeat(12)} [/${question}]`

/** Whoever is told may go. */
function tellAll(listeners: Iterable<() => void>): void {
  const told = [...listeners]
  for (const listener of told) listener()
}

interface Options {
  /** What goes wrong with the next request, or with the answer to it. */
  fault(method: string): Fault | undefined
  isResumable?: boolean
  /** Whether the answer to this question begins with a call. */
  callsFor?(question: string): boolean
}

/** A backend in this process: keeps streams, and fails in every way that one can. */
export function flakyBackend({ fault, isResumable = true, callsFor = () => false }: Options): FlakyBackend {
  const streams = new Map<string, Kept>()
  const readers = new Set<() => void>()
  const hanging = new Set<() => void>()
  let asked = 0

  function answer({ messages }: { messages: readonly { role: string; content?: unknown }[] }): ChatCompletionChunk[] {
    const question = String(messages.findLast(({ role }) => role === 'user')?.content)
    const isCalling = messages.at(-1)?.role === 'user' && callsFor(question)
    const deltas = isCalling
      ? [
          { tool_calls: [{ index: 0, id: `call ${question}`, type: 'function' as const, function: { name: 'f' } }] },
          { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
        ]
      : answerTo(question)
          .split(/(?= )/)
          .map((content) => ({ content }))
    return [...deltas, {}].map((delta, at) => ({
      id: 'c',
      object: 'chat.completion.chunk' as const,
      created: 0,
      model: 'flaky',
      choices: [{ index: 0, delta, finish_reason: at < deltas.length ? null : isCalling ? 'tool_calls' : 'stop' }],
    }))
  }

  function eventsOf(kept: Kept, after: number, signal: AbortSignal | undefined, how: Fault | undefined): Response {
    const encoder = new TextEncoder()
    let at = after
    let isOver = false
    let leave = (): void => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const end = (finish: () => void): void => {
          if (isOver) return
          isOver = true
          readers.delete(write)
          signal?.removeEventListener('abort', abort)
          finish()
        }
        const abort = (): void => end(() => controller.error(signal?.reason))
        const say = (text: string): void => controller.enqueue(encoder.encode(text))
        function write(): void {
          for (; !isOver && at < kept.written; at++) {
            if (at - after >= 3) {
              if (how === 'cut') return end(() => controller.error(new TypeError('network error')))
              if (how === 'ends early') return end(() => controller.close())
              if (how === 'junk') say('data: {"choices":[{"delta"\n\n')
              if (how === 'provider') say('event: error\ndata: {"error":{"message":"too busy"}}\n\n')
              if (how === 'silence') return
              if (how === 'order' && at > 3 && at % 4 === 0)
                say(`id: ${at - 2}\n${encodeChunk(kept.chunks[at - 3] as never)}`)
            }
            const event = `id: ${at + 1}\n${encodeChunk(kept.chunks[at] as never)}`
            say(how === 'twice' ? event + event : event)
          }
          if (at === kept.chunks.length || kept.isStopped)
            end(() => {
              if (at === kept.chunks.length) say(encodeDone())
              controller.close()
            })
        }
        leave = () => end(() => {})
        signal?.addEventListener('abort', abort)
        readers.add(write)
        write()
      },
      cancel: () => leave(),
    })
    return new Response(body, {
      headers: { 'content-type': 'text/event-stream', ...(isResumable && { 'x-stream-id': kept.id }) },
    })
  }

  /** What is wrong before there is an answer. */
  function refusal(how: Fault | undefined, signal: AbortSignal | undefined): Promise<Response> | Response | undefined {
    if (typeof how === 'number')
      return new Response('{"error":{"message":"no"}}', {
        status: how,
        headers: how === 429 ? { 'retry-after': '1' } : {},
      })
    if (how === 'network') return Promise.reject(new TypeError('Failed to fetch'))
    if (how === 'html') return new Response('<html>', { headers: { 'content-type': 'text/html' } })
    if (how === 'no body') return new Response(null, { headers: { 'content-type': 'text/event-stream' } })
    if (how !== 'hangs') return undefined
    return new Promise((_resolve, reject) => {
      const end = (): void => {
        hanging.delete(end)
        reject(signal?.aborted === true ? (signal.reason as Error) : new TypeError('Failed to fetch'))
      }
      hanging.add(end)
      signal?.addEventListener('abort', end)
    })
  }

  return {
    get open() {
      return readers.size + hanging.size
    },
    get asked() {
      return asked
    },
    write(chunks) {
      for (const kept of streams.values())
        if (!kept.isStopped) kept.written = Math.min(kept.chunks.length, kept.written + chunks)
      tellAll(readers)
      // A browser does not wait for ever either.
      if (chunks > 100) tellAll(hanging)
    },
    fetch: (async (input: string, init: RequestInit = {}) => {
      asked++
      const { method = 'GET' } = init
      const signal = init.signal ?? undefined
      if (signal?.aborted === true) throw signal.reason
      const how = fault(method)
      const headers = new Headers(init.headers)
      const refused = refusal(how, signal)
      const id = decodeURIComponent(/\/chat\/(.+)$/.exec(input)?.[1] ?? '')
      if (method === 'DELETE') {
        const kept = streams.get(id)
        const stopped = kept !== undefined && !kept.isStopped && kept.written < kept.chunks.length
        if (refused !== undefined && how !== 'html' && how !== 'no body') return refused
        if (kept !== undefined) kept.isStopped = true
        tellAll(readers)
        return Response.json({ stopped })
      }
      if (refused !== undefined) return refused
      if (method === 'GET') {
        const kept = streams.get(id)
        if (kept === undefined || how === 'gone') return new Response(null, { status: 204 })
        return eventsOf(kept, Number(headers.get('last-event-id') ?? 0), signal, how)
      }
      const key = headers.get('idempotency-key') ?? String(asked)
      const kept = streams.get(key) ?? {
        id: key,
        // What we send ourselves is text.
        chunks: answer(JSON.parse(init.body as string) as never),
        written: 1,
        isStopped: false,
      }
      streams.set(key, kept)
      return eventsOf(kept, 0, signal, how)
    }) as typeof fetch,
  }
}
