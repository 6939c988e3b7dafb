import type { ChatCompletionRequest } from '@deltawire/core'
import { done, event } from '../client/byte-server.ts'

/** A model that has read everything and answers at once. */
export interface Model {
  readonly requests: ChatCompletionRequest[]
  readonly fetch: typeof globalThis.fetch
}

/** Answers with these events; by default it tells how much it was told. */
export function createModel(
  answer = ({ messages }: ChatCompletionRequest): string[] => says(`I was told ${messages.length}.`),
): Model {
  const requests: ChatCompletionRequest[] = []
  return {
    requests,
    async fetch(_url, init) {
      const request = JSON.parse(init?.body as string) as ChatCompletionRequest
      requests.push(request)
      return new Response(answer(request).join(''))
    },
  }
}

export const says = (...words: string[]): string[] => [
  ...words.map((content) => event({ content })),
  event({}, 'stop'),
  event({}, null, { choices: [], usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 } }),
  done,
]

/** A model of which the test says what comes when. */
export function createSlowModel() {
  const encoder = new TextEncoder()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let cancelled = false
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    const body = new ReadableStream<Uint8Array>({
      start: (started) => void (controller = started),
      cancel: () => void (cancelled = true),
    })
    init?.signal?.addEventListener('abort', () => (cancelled = true))
    return new Response(body)
  }
  return {
    fetch,
    say: (...events: string[]) => controller?.enqueue(encoder.encode(events.join(''))),
    end: () => controller?.close(),
    get asked() {
      return controller !== undefined
    },
    get cancelled() {
      return cancelled
    },
  }
}

/** A conversation of these options with a model. */
export const options = (model: { fetch: typeof globalThis.fetch }) => ({
  baseURL: 'http://chat.invalid',
  apiKey: '',
  fetch: model.fetch,
})
