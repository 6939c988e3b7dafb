import type { IncomingMessage } from 'node:http'
import { ApiError } from './api-error.ts'

/** What the mock server looks at in a request. The rest is accepted as it is. */
export interface ChatRequest {
  readonly model: string
  readonly isStreamed: boolean
  readonly includesUsage: boolean
  /** Compared with those of the recordings, where that is asked for. */
  readonly messages: readonly unknown[]
}

/** @throws ApiError as the official server would refuse */
export async function readChatRequest(request: IncomingMessage, maxBodyBytes: number): Promise<ChatRequest> {
  const body = parse(await readBody(request, maxBodyBytes))
  if (typeof body.model !== 'string') throw missing('model')
  if (!Array.isArray(body.messages)) throw missing('messages')
  const options: unknown = body.stream_options
  return {
    model: body.model,
    isStreamed: body.stream === true,
    includesUsage: isObject(options) && options.include_usage === true,
    messages: body.messages as unknown[],
  }
}

function missing(param: string): ApiError {
  return new ApiError('missing_parameter', { message: `Missing required parameter: '${param}'.`, param })
}

function parse(text: string): Record<string, unknown> {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new ApiError('invalid_json')
  }
  if (!isObject(body)) throw new ApiError('invalid_body')
  return body
}

/**
 * A body over the limit is read to its end all the same, and thrown away: a client that is still sending would see a
 * broken connection in place of the answer.
 */
async function readBody(request: IncomingMessage, maxBodyBytes: number): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length
    if (length <= maxBodyBytes) pieces.push(piece)
    else pieces.length = 0
  }
  if (length > maxBodyBytes) {
    throw new ApiError('body_too_large', { message: `The body is larger than ${maxBodyBytes} bytes (maxBodyBytes).` })
  }
  return Buffer.concat(pieces).toString('utf8')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
