import type { UpstreamError } from '../error.ts'
import { isObject, type Obj } from '../is-object.ts'

/** What words an error, and what of the event it was. */
interface Report {
  fields: unknown
  body: unknown
}

/** A report in which the part that words the error is also all that was sent of it. */
const report = (body: unknown): Report => ({ fields: body, body })

type Shape = (value: Obj, name?: string) => Report | false | undefined

/** All fields by which the shapes below tell a report. What has one is read again in every event. */
export const REPORTING: ReadonlySet<unknown> = /* @__PURE__ */ new Set([
  'error',
  'errors',
  'base_resp',
  'object',
  'type',
  'detail',
  'message',
  'code',
  'status',
])

/**
 * The shapes in which servers report an error inside a stream, in the order in which they are tried.
 *
 * Each looks at the event's value and name and gives what it reports, if the shape is there.
 */
const shapes: readonly Shape[] = [
  // Whatever is under "error", in every form; also inside a chunk.
  underError,
  // The same inside a choice, beside the finish reason "error": https://github.com/damianvtran/local-operator/pull/223
  ({ choices }) => Array.isArray(choices) && choices.filter(isObject).map(underError).find(Boolean),
  // A list under "errors": https://developers.cloudflare.com/api/
  ({ errors, choices }) => Array.isArray(errors) && isFilled(errors) && !Array.isArray(choices) && report(errors[0]),
  // A status other than 0 in "base_resp": MiniMax: https://github.com/RooCodeInc/Roo-Code/pull/9105
  ({ base_resp: body }) =>
    isObject(body) &&
    typeof body['status_code'] === 'number' &&
    body['status_code'] !== 0 && { fields: { message: body['status_msg'], code: body['status_code'] }, body },
  // The event itself is the error: event: error, or object or type "error" (older vLLM): https://github.com/openai/openai-node/blob/main/src/core/streaming.ts
  (value, name) => (name === 'error' || value['object'] === 'error' || value['type'] === 'error') && report(value),
  // A text or list under "detail" and no choices: FastAPI servers: https://fastapi.tiangolo.com/tutorial/handling-errors/
  (value) => isNoChunk(value) && isFilled(value['detail']) && report(value),
  // A message with a code or status and no choices: gateways: https://github.com/openai/openai-node/blob/main/src/core/streaming.ts
  (value) => {
    const { message, code, status } = value
    if (!isNoChunk(value) || Array.isArray(message) || !isFilled(message)) return false
    // News of a queue or of a model that is loading have a status in words.
    return (isFailure(code) || (typeof status === 'number' && isFailure(status))) && report(value)
  },
]

const isFilled = (value: unknown): boolean => (typeof value === 'string' || Array.isArray(value)) && value.length > 0

const isNoChunk = ({ choices, id }: Obj): boolean => choices === undefined && id === undefined

/** Whether a code is one of failure, and not 0, 200 or "ok". */
function isFailure(code: unknown): boolean {
  if (typeof code === 'string') return /^-?\d+$/.test(code) ? isFailure(Number(code)) : !/^(?:ok|success)?$/i.test(code)
  return typeof code === 'number' && code !== 0 && (code < 100 || code >= 400)
}

function underError(value: Obj): Report | false {
  const { error } = value
  // OpenAI, vLLM, SGLang, OpenRouter: https://github.com/BerriAI/litellm/pull/32237 . An object of nulls says nothing.
  if (isObject(error)) return Object.values(error).some((field) => field !== null) && report(error)
  if (Array.isArray(error)) return isFilled(error) && report(error[0])
  // A text, its code beside it: xAI, Baseten, Novita, Together: https://github.com/vercel/ai/blob/main/packages/xai/src/xai-chat-language-model.ts
  // A flag or a number, the words beside it.
  return Boolean(error) && { fields: typeof error === 'string' ? { ...value, message: error } : value, body: value }
}

/** The error that an event carries, or `undefined` if it carries none. */
export function upstreamErrorOf(value: unknown, name?: string): UpstreamError | undefined {
  if (!isObject(value)) return name === 'error' ? describe(report(value)) : undefined
  for (const shape of shapes) {
    const found = shape(value, name)
    if (found) return describe(found)
  }
  return undefined
}

function describe({ fields, body }: Report): UpstreamError {
  if (!isObject(fields)) return { message: textOf(fields), body }
  const { message, type, code, param, msg, detail } = fields
  return {
    message: textOf([message, msg, detail].find((text) => (text ?? '') !== '') ?? body),
    ...(typeof type === 'string' && { type }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(typeof param === 'string' && { param }),
    body,
  }
}

/** An error's message is for people and logs: enough of it, never a whole page. */
function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return text.length > 1_000 ? `${text.slice(0, 1_000)}…` : text
}
