import type { ClientFrame, ServerFrame } from '../protocol/frame.ts'

/** A JSON Schema (draft 2020-12): as data, for validators of any language. */
export type JsonSchema = { readonly [keyword: string]: unknown }

type FrameSchemas<F extends { readonly t: string }> = { readonly [T in F['t']]: JsonSchema }

const text = (maxLength: number): JsonSchema => ({ type: 'string', minLength: 1, maxLength })
const line: JsonSchema = { type: 'string' }
const flag: JsonSchema = { type: 'boolean' }
const count: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const oneOf = (...members: readonly string[]): JsonSchema => ({ enum: members })
const object = (required: Fields, optional: Fields = {}): JsonSchema => ({
  type: 'object',
  properties: { ...required, ...optional },
  required: Object.keys(required),
})
type Fields = { readonly [field: string]: JsonSchema }

const id = text(64)
const streamId = text(64)
const topic = text(256)
const token = text(8192)
const epoch: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,32}$' }
const position = object({ e: epoch, o: count })
const echo: JsonSchema = { anyOf: [{ type: 'number' }, { type: 'string', maxLength: 64 }] }
const ending = oneOf('cancelled', 'done', 'failed', 'interrupted', 'limit')
const status = oneOf('cancelled', 'done', 'failed', 'interrupted', 'limit', 'live')
const orphan: JsonSchema = {
  anyOf: [{ const: 'continue' }, { ...object({ cancelAfterMs: count }), additionalProperties: false }],
}

/** A frame of this kind. Fields that are not named are allowed: receivers ignore them. */
const frame = (t: string, required: Fields = {}, optional: Fields = {}): JsonSchema =>
  object({ t: { const: t }, ...required }, optional)

/** What clients say, by the kind of frame. A frame of another kind is to be ignored. */
export const clientFrameSchemas: FrameSchemas<ClientFrame> = {
  hello: frame('hello', {}, { token, client: text(128), ack: flag, flushMs: { ...count, maximum: 1000 } }),
  auth: frame('auth', { token }, { id }),
  start: frame('start', { id, key: text(128), body: { type: 'object' } }, { topic, orphan, sub: flag }),
  sub: frame('sub', { s: streamId }, { id, from: position }),
  unsub: frame('unsub', { s: streamId }, { id }),
  topic: frame('topic', { topic }, { id, auto: flag }),
  untopic: frame('untopic', { topic }, { id }),
  cancel: frame('cancel', { id, s: streamId }, { why: text(256) }),
  tool: frame('tool', { id, s: streamId, call: text(128), output: {} }),
  ack: frame('ack', { b: count }),
  ping: frame('ping', {}, { x: echo }),
}

const chunks: JsonSchema = { type: 'array', items: { type: 'object' } }
const wireError = object({ code: line, message: line }, { status: { type: 'number' } })

/** What servers say, by the kind of frame. A frame of another kind is to be ignored. */
export const serverFrameSchemas: FrameSchemas<ServerFrame> = {
  welcome: frame(
    'welcome',
    { node: line, pingMs: count, windowLength: count, limits: { type: 'object' } },
    { expiresAt: count },
  ),
  d: frame('d', { s: streamId, e: epoch, o: count, n: count, c: chunks }, { p: epoch }),
  end: frame('end', { s: streamId, e: epoch, o: count, st: ending, h: line }, { err: wireError }),
  ok: frame('ok', { id: line }, { s: streamId, st: status, fresh: flag, won: flag, expiresAt: count }),
  err: frame('err', { code: line, msg: line }, { id: line, s: streamId, retryMs: count }),
  stream: frame('stream', { topic, s: streamId, st: status }),
  ev: frame('ev', { s: streamId, k: line }, { ms: count, n: count }),
  drain: frame('drain', { minMs: count, maxMs: count }),
  pong: frame('pong', {}, { x: echo }),
  p: frame('p'),
}
