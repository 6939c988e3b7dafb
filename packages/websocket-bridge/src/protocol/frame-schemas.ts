import type { ClientFrame, ServerFrame } from './frame.ts'

/** A JSON Schema (2020-12), as far as frames need one. */
export interface FrameSchema {
  readonly type?: string
  readonly const?: string
  readonly enum?: readonly string[]
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly required?: readonly string[]
  readonly properties?: { readonly [field: string]: FrameSchema }
  readonly additionalProperties?: boolean
  readonly items?: FrameSchema
  readonly anyOf?: readonly FrameSchema[]
}

type Fields = { readonly [field: string]: FrameSchema }
type Schemas<F extends { readonly t: string }> = { readonly [T in F['t']]: FrameSchema }

const text: FrameSchema = { type: 'string' }
const upTo = (maxLength: number): FrameSchema => ({ type: 'string', minLength: 1, maxLength })
const boolean: FrameSchema = { type: 'boolean' }
const count: FrameSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const object: FrameSchema = { type: 'object' }
const token = upTo(8192)
const requestId = upTo(64)
const streamId = upTo(64)
const topic = upTo(256)
const epoch: FrameSchema = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,32}$' }
const position: FrameSchema = { type: 'object', required: ['e', 'o'], properties: { e: epoch, o: count } }
const echo: FrameSchema = { anyOf: [{ type: 'number' }, { type: 'string', maxLength: 64 }] }
const ending: FrameSchema = { enum: ['cancelled', 'done', 'failed', 'interrupted', 'limit'] }
const status: FrameSchema = { enum: ['live', 'cancelled', 'done', 'failed', 'interrupted', 'limit'] }
const cancelAfter: FrameSchema = {
  type: 'object',
  required: ['cancelAfterMs'],
  properties: { cancelAfterMs: count },
  additionalProperties: false,
}
const orphan: FrameSchema = { anyOf: [{ const: 'continue' }, cancelAfter] }
const wireError: FrameSchema = {
  type: 'object',
  required: ['code', 'message'],
  properties: { code: text, message: text },
}

function frame(t: string, needs: Fields = {}, may: Fields = {}): FrameSchema {
  return { type: 'object', required: ['t', ...Object.keys(needs)], properties: { t: { const: t }, ...needs, ...may } }
}

/** The frames of a client as JSON Schemas: for implementations in other languages. */
export const CLIENT_FRAME_SCHEMAS: Schemas<ClientFrame> = {
  hello: frame('hello', {}, { token, client: upTo(128), ack: boolean, flushMs: { ...count, maximum: 1000 } }),
  auth: frame('auth', { token }, { id: requestId }),
  start: frame('start', { id: requestId, key: upTo(128), body: object }, { topic, orphan, sub: boolean }),
  sub: frame('sub', { s: streamId }, { id: requestId, from: position }),
  unsub: frame('unsub', { s: streamId }, { id: requestId }),
  topic: frame('topic', { topic }, { id: requestId, auto: boolean }),
  untopic: frame('untopic', { topic }, { id: requestId }),
  cancel: frame('cancel', { id: requestId, s: streamId }, { why: upTo(256) }),
  tool: frame('tool', { id: requestId, s: streamId, call: upTo(128), output: {} }),
  ack: frame('ack', { b: count }),
  ping: frame('ping', {}, { x: echo }),
}

/** The frames of a server as JSON Schemas: for implementations in other languages. */
export const SERVER_FRAME_SCHEMAS: Schemas<ServerFrame> = {
  welcome: frame('welcome', { node: text, pingMs: count, windowLength: count, limits: object }, { expiresAt: count }),
  d: frame('d', { s: streamId, e: epoch, o: count, n: count, c: { type: 'array', items: object } }, { p: epoch }),
  end: frame('end', { s: streamId, e: epoch, o: count, st: ending, h: text }, { err: wireError }),
  ok: frame('ok', { id: text }, { s: streamId, st: status, fresh: boolean, won: boolean, expiresAt: count }),
  err: frame('err', { code: text, msg: text }, { id: text, s: streamId, retryMs: count }),
  stream: frame('stream', { topic, s: streamId, st: status }),
  ev: frame('ev', { s: streamId, k: text }, { ms: count, n: count }),
  drain: frame('drain', { minMs: count, maxMs: count }),
  pong: frame('pong', {}, { x: echo }),
  p: frame('p'),
}
