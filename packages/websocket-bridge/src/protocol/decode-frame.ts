import type { ClientFrame, ServerFrame } from './frame.ts'
import { isDeeper } from './is-deeper.ts'

/** Why a text is no frame. */
export class BadFrame extends Error {
  override readonly name = 'BadFrame'
}

type Check = (value: unknown) => boolean
type Obj = { readonly [key: string]: unknown }
/** The fields that a frame must have, and those that it may have. Any others are left alone. */
interface Shape {
  readonly needs: { readonly [field: string]: Check }
  readonly may?: { readonly [field: string]: Check }
}
type Shapes<F extends { readonly t: string }> = { readonly [T in F['t']]: Shape }

const isObject = (value: unknown): value is Obj => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText =
  (max: number): Check =>
  (value) =>
    typeof value === 'string' && value.length > 0 && value.length <= max
const isLine: Check = (value) => typeof value === 'string'
const isBoolean: Check = (value) => typeof value === 'boolean'
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isOneOf =
  (...members: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && members.includes(value)
const isToken = isText(8192)
const isRequestId = isText(64)
const isStreamId = isText(64)
const isEpoch: Check = (value) => typeof value === 'string' && /^[A-Za-z0-9_-]{1,32}$/.test(value)
const isTopic = isText(256)
const isPosition: Check = (value) => isObject(value) && isEpoch(value['e']) && isCount(value['o'])
const isOrphanPolicy: Check = (value) =>
  value === 'continue' || (isObject(value) && isCount(value['cancelAfterMs']) && Object.keys(value).length === 1)
const isEcho: Check = (value) => Number.isFinite(value) || (typeof value === 'string' && value.length <= 64)
const isStatus = isOneOf('live', 'cancelled', 'done', 'failed', 'interrupted', 'limit')
const isEnding = isOneOf('cancelled', 'done', 'failed', 'interrupted', 'limit')
const isWireError: Check = (value) => isObject(value) && isLine(value['code']) && isLine(value['message'])
const isChunks: Check = (value) => Array.isArray(value) && value.every(isObject)

const clientShapes: Shapes<ClientFrame> = {
  hello: {
    needs: {},
    may: {
      token: isToken,
      client: isText(128),
      ack: isBoolean,
      flushMs: (value) => isCount(value) && Number(value) <= 1000,
    },
  },
  auth: { needs: { token: isToken }, may: { id: isRequestId } },
  start: {
    needs: { id: isRequestId, key: isText(128), body: isObject },
    may: { topic: isTopic, orphan: isOrphanPolicy, sub: isBoolean },
  },
  sub: { needs: { s: isStreamId }, may: { id: isRequestId, from: isPosition } },
  unsub: { needs: { s: isStreamId }, may: { id: isRequestId } },
  topic: { needs: { topic: isTopic }, may: { id: isRequestId, auto: isBoolean } },
  untopic: { needs: { topic: isTopic }, may: { id: isRequestId } },
  cancel: { needs: { id: isRequestId, s: isStreamId }, may: { why: isText(256) } },
  tool: { needs: { id: isRequestId, s: isStreamId, call: isText(128), output: (value) => value !== undefined } },
  ack: { needs: { b: isCount } },
  ping: { needs: {}, may: { x: isEcho } },
}

const serverShapes: Shapes<ServerFrame> = {
  welcome: {
    needs: { node: isLine, pingMs: isCount, windowLength: isCount, limits: isObject },
    may: { expiresAt: isCount },
  },
  d: { needs: { s: isStreamId, e: isEpoch, o: isCount, n: isCount, c: isChunks }, may: { p: isEpoch } },
  end: { needs: { s: isStreamId, e: isEpoch, o: isCount, st: isEnding, h: isLine }, may: { err: isWireError } },
  ok: {
    needs: { id: isLine },
    may: { s: isStreamId, st: isStatus, fresh: isBoolean, won: isBoolean, expiresAt: isCount },
  },
  err: { needs: { code: isLine, msg: isLine }, may: { id: isLine, s: isStreamId, retryMs: isCount } },
  stream: { needs: { topic: isTopic, s: isStreamId, st: isStatus } },
  ev: { needs: { s: isStreamId, k: isLine }, may: { ms: isCount, n: isCount } },
  drain: { needs: { minMs: isCount, maxMs: isCount } },
  pong: { needs: {}, may: { x: isEcho } },
  p: { needs: {} },
}

/**
 * Reads a frame of a client.
 *
 * @returns `undefined` for a kind of frame that this version does not know, which is to be ignored
 * @throws BadFrame for anything that is no frame, or not the frame that it says it is
 */
export const decodeClientFrame = (text: string): ClientFrame | undefined =>
  // Its shape has been checked.
  decode(text, clientShapes) as ClientFrame | undefined

/** Reads a frame of a server. As {@link decodeClientFrame}. */
export const decodeServerFrame = (text: string): ServerFrame | undefined =>
  // Its shape has been checked.
  decode(text, serverShapes) as ServerFrame | undefined

/** No frame nests deeper but the body of `start`, and none of those that a model reads. */
const MAX_DEPTH = 64

function decode(text: string, shapes: { readonly [t: string]: Shape }): unknown {
  const frame = parse(text)
  if (!isObject(frame)) throw new BadFrame('a frame is a JSON object')
  const { t } = frame
  if (typeof t !== 'string') throw new BadFrame('a frame has a text "t"')
  const shape = Object.hasOwn(shapes, t) ? shapes[t] : undefined
  if (shape === undefined) return undefined
  for (const field in shape.needs)
    if (!Object.hasOwn(frame, field) || shape.needs[field]?.(frame[field]) !== true)
      throw new BadFrame(`"${t}" needs a valid "${field}"`)
  for (const field in shape.may)
    if (Object.hasOwn(frame, field) && shape.may[field]?.(frame[field]) !== true)
      throw new BadFrame(`"${field}" of "${t}" is not valid`)
  return frame
}

function parse(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new BadFrame('a frame is JSON')
  }
  if (text.length > MAX_DEPTH && isDeeper(value, MAX_DEPTH))
    throw new BadFrame(`a frame nests ${MAX_DEPTH} levels at most`)
  return value
}
