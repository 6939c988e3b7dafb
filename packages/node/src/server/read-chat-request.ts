import type { ChatCompletionRequest } from '@deltawire/core'
import { checkAtLeast } from '../check-at-least.ts'
import { ApiError } from './api-error.ts'
import { bodyOf, isServerRequest, type ServerRequestLike } from './server-request.ts'

/** What a request may grow to. */
export interface ChatRequestLimits {
  /**
   * The longest body, in bytes.
   *
   * @defaultValue `4 * 1024 * 1024`: a long conversation, with a few pictures in it
   */
  maxBodyBytes?: number | undefined
  /**
   * The model of a request that names none.
   *
   * @defaultValue none: such a request is refused
   */
  defaultModel?: string | undefined
}

/** A `Request`, a request of Node.js, or whatever has a `body` that somebody has parsed (Fastify's, `ctx.request` of Koa). */
export type ChatRequestSource = Request | ServerRequestLike | { readonly body: unknown }

/**
 * Reads a chat request: what it must have is there, what a stranger may send is bounded, the rest is passed on as it came.
 *
 * A body that a parser has already read (`express.json()`) is taken as it is.
 *
 * @throws ApiError with the status and the body of the answer: 413 for a long body, 400 for one that is not JSON, no
 *   object, or without `messages` or `model`, 415 for a compressed one
 */
export async function readChatRequest(
  request: ChatRequestSource,
  limits: ChatRequestLimits = {},
): Promise<ChatCompletionRequest> {
  const maxBodyBytes = maxBodyBytesOf(limits)
  const body = await readBody(request, maxBodyBytes)
  if (!isObject(body)) throw new ApiError('invalid_body')
  const { messages, model = limits.defaultModel } = body
  if (messages === undefined) throw missing('messages')
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject))
    throw invalid('messages', 'a list of messages')
  if (model === undefined) throw missing('model')
  if (typeof model !== 'string' || model === '') throw invalid('model', 'the name of a model')
  // What the server looks at is checked; the rest is for the upstream to judge.
  return { ...body, model, messages } as object as ChatCompletionRequest
}

/** The longest body. @throws TypeError for what would limit nothing */
export const maxBodyBytesOf = ({ maxBodyBytes = 4 * 1024 * 1024 }: ChatRequestLimits): number =>
  checkAtLeast(0, 'maxBodyBytes', maxBodyBytes, 4 * 1024 * 1024)

async function readBody(request: ChatRequestSource, maxBodyBytes: number): Promise<unknown> {
  if ('arrayBuffer' in request) return parse(await readPieces(request.body, headerOf(request.headers), maxBodyBytes))
  if (request.body !== undefined) return parsed(request.body, maxBodyBytes)
  if (!isServerRequest(request)) throw new TypeError('readChatRequest takes a Request, an IncomingMessage or { body }')
  const { headers } = request
  const pieces = bodyOf(request)
  try {
    return parse(await readPieces(pieces, (name) => headers[name]?.toString(), maxBodyBytes))
  } finally {
    void pieces.cancel()
  }
}

/** A body that somebody else has read: parsed, or as text or bytes. */
function parsed(body: unknown, maxBodyBytes: number): unknown {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return body
  if (body.length > maxBodyBytes) throw tooLarge(maxBodyBytes)
  return parse(typeof body === 'string' ? body : new TextDecoder().decode(body))
}

/**
 * Reads a body to its end, or to the limit.
 *
 * What is longer is left unread and not cancelled: a client that is still sending would see a broken connection in place
 * of the answer.
 */
async function readPieces(
  body: ReadableStream<Uint8Array> | null,
  header: (name: string) => string | undefined,
  maxBodyBytes: number,
): Promise<string> {
  const encoding = header('content-encoding')
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') throw new ApiError('unsupported_encoding')
  if (Number(header('content-length')) > maxBodyBytes) throw tooLarge(maxBodyBytes)
  if (body === null) return ''
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let length = 0
  let text = ''
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      length += value?.byteLength ?? 0
      if (length > maxBodyBytes) throw tooLarge(maxBodyBytes)
      text += decoder.decode(value, { stream: true })
    }
    return text + decoder.decode()
  } finally {
    reader.releaseLock()
  }
}

const headerOf =
  (headers: Headers) =>
  (name: string): string | undefined =>
    headers.get(name) ?? undefined

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ApiError('invalid_json')
  }
}

const tooLarge = (maxBodyBytes: number): ApiError =>
  new ApiError('body_too_large', { message: `The body is larger than ${maxBodyBytes} bytes (maxBodyBytes).` })

const missing = (param: string): ApiError =>
  new ApiError('missing_required_parameter', { message: `Missing required parameter: '${param}'.`, param })

const invalid = (param: string, expected: string): ApiError =>
  new ApiError('invalid_parameter', { message: `'${param}' must be ${expected}.`, param })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
