import { type ChatCompletionRequest, type ChunkStream, type DecodeOptions, StreamError } from '@deltawire/core'
import { openReader } from './byte-reader.ts'
import { ByteChunkStream } from './chunk-stream.ts'

export interface StreamChatCompletionOptions extends DecodeOptions {
  /**
   * Where the endpoint is, up to and without `/chat/completions`. A query string stays (Azure's `api-version`).
   *
   * @defaultValue `process.env.OPENAI_BASE_URL`, else `https://api.openai.com/v1`
   */
  baseURL?: string | undefined
  /**
   * Sent as `Authorization: Bearer`. Left out when empty, for servers that ask for none.
   *
   * @defaultValue `process.env.OPENAI_API_KEY`
   */
  apiKey?: string | undefined
  /** Sent with the request; they win over ours. */
  headers?: Readonly<Record<string, string>> | undefined
  /** @defaultValue the global `fetch`, looked up at the call */
  fetch?: typeof globalThis.fetch | undefined
  /** Ends the request. Its reason is thrown as it is, after everything that arrived. */
  signal?: AbortSignal | undefined
}

/**
 * Asks an OpenAI-compatible endpoint and gives the answer as it arrives, in normalized chunks.
 *
 * The request is sent when the first chunk is asked for. Leaving the loop early closes the connection. `stream: true` is
 * added, and `stream_options.include_usage` unless the request says otherwise.
 *
 * @throws StreamError `connect_failed`, `http_status`, and those of `readChunks`
 */
export function streamChatCompletion(
  request: Omit<ChatCompletionRequest, 'stream'>,
  options: StreamChatCompletionOptions = {},
): ChunkStream {
  // The caller's request knows how many choices there are; a caller who says so is believed.
  const n = options.n ?? (typeof request.n === 'number' ? request.n : undefined)
  return new ByteChunkStream(async () => openReader(await send(request, options)), { ...options, n })
}

async function send(request: Omit<ChatCompletionRequest, 'stream'>, options: StreamChatCompletionOptions): Promise<Response> {
  const {
    baseURL = process.env['OPENAI_BASE_URL'] ?? 'https://api.openai.com/v1',
    apiKey = process.env['OPENAI_API_KEY'] ?? '',
    fetch = globalThis.fetch,
    signal,
  } = options
  const url = endpoint(baseURL)
  const body = { stream_options: { include_usage: true }, ...request, stream: true }
  const headers = {
    'content-type': 'application/json',
    accept: 'text/event-stream, application/json',
    ...(apiKey !== '' && { authorization: `Bearer ${apiKey}` }),
    ...options.headers,
  }
  try {
    return await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), ...(signal && { signal }) })
  } catch (reason) {
    if (signal?.aborted === true) throw signal.reason
    const place = url.origin + url.pathname
    throw new StreamError('connect_failed', `no answer from ${place}${causeOf(reason)}`, { url: place }, { cause: reason })
  }
}

/** The address of the endpoint under a base, whatever its trailing slashes and query. */
function endpoint(baseURL: string): URL {
  if (!URL.canParse(baseURL)) throw new TypeError(`baseURL must be an absolute URL, as in { baseURL: 'http://127.0.0.1:8080/v1' }`)
  const url = new URL(baseURL)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/chat/completions`
  return url
}

/** What lies behind undici's "fetch failed". */
function causeOf(reason: unknown): string {
  const cause = reason instanceof Error ? reason.cause : undefined
  if (!(cause instanceof Error)) return ''
  const { code } = cause as NodeJS.ErrnoException
  return ` (${code ?? cause.message})`
}
