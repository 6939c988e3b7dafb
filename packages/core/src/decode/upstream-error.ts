import type { UpstreamError } from '../error.ts'
import { isObject, type Obj } from '../normalize/repair.ts'

/**
 * The shapes in which servers report an error inside a stream, in the order in which they are tried.
 *
 * Each looks at the event's name and value and gives the error's body, or `undefined` if the shape is another.
 */
const shapes: readonly ((value: Obj, name?: string) => unknown)[] = [
  // An object under "error": OpenAI, vLLM, SGLang, OpenRouter; also inside a chunk: https://github.com/BerriAI/litellm/pull/32237
  (value) => (isObject(value['error']) && Object.keys(value['error']).length > 0 ? value['error'] : undefined),
  // A text under "error", its code beside it: xAI, Baseten, Novita, Together: https://github.com/vercel/ai/blob/main/packages/xai/src/xai-chat-language-model.ts
  ({ error, ...rest }) => (typeof error === 'string' && error !== '' ? { message: error, ...scalarsOf(rest) } : undefined),
  // A list under "errors": https://developers.cloudflare.com/api/
  ({ errors, choices }) => {
    if (!Array.isArray(errors) || errors.length === 0 || Array.isArray(choices)) return undefined
    return isObject(errors[0]) ? errors[0] : { message: String(errors[0]) }
  },
  // A status other than 0 in "base_resp": MiniMax: https://github.com/RooCodeInc/Roo-Code/pull/9105
  ({ base_resp }) => {
    if (!isObject(base_resp)) return undefined
    const { status_code, status_msg } = base_resp
    return typeof status_code === 'number' && status_code !== 0 ? { message: status_msg, code: status_code } : undefined
  },
  // The event itself is the error: event: error, or object or type "error" (older vLLM): https://github.com/openai/openai-node/blob/main/src/core/streaming.ts
  (value, name) => (name === 'error' || value['object'] === 'error' || value['type'] === 'error' ? value : undefined),
  // A text or list under "detail" and no choices: FastAPI servers: https://fastapi.tiangolo.com/tutorial/handling-errors/
  ({ detail, choices, id }) => {
    if (choices !== undefined || id !== undefined) return undefined
    if (typeof detail === 'string' && detail !== '') return { message: detail }
    return Array.isArray(detail) && detail.length > 0 ? { message: JSON.stringify(detail) } : undefined
  },
  // A message with a code or status and no choices: gateways: https://github.com/openai/openai-node/blob/main/src/core/streaming.ts
  (value) => {
    const { message, code, status, choices, id } = value
    if (typeof message !== 'string' || message === '' || choices !== undefined || id !== undefined) return undefined
    return code !== undefined || status !== undefined ? value : undefined
  },
]

/** The error that an event carries, or `undefined` if it carries none. */
export function upstreamErrorOf(value: unknown, name?: string): UpstreamError | undefined {
  if (!isObject(value)) return name === 'error' ? { message: textOf(value), body: value } : undefined
  // Nearly every event is a chunk and nothing else.
  if (isPlainChunk(value, name)) return undefined
  for (const shape of shapes) {
    const body = shape(value, name)
    if (body !== undefined) return describe(body)
  }
  return undefined
}

const isPlainChunk = ({ choices, error, base_resp, object }: Obj, name: string | undefined): boolean =>
  Array.isArray(choices) && !error && base_resp === undefined && object !== 'error' && name !== 'error'

function describe(body: unknown): UpstreamError {
  if (!isObject(body)) return { message: textOf(body), body }
  const { message, type, code, param, msg, detail } = body
  return {
    message: textOf([message, msg, detail].find((text) => text !== undefined && text !== null && text !== '') ?? body),
    ...(typeof type === 'string' && { type }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(typeof param === 'string' && { param }),
    body,
  }
}

/** The plain values beside an error's text: its code, its type. */
const scalarsOf = (fields: Obj): Obj =>
  Object.fromEntries(Object.entries(fields).filter(([key, value]) => key !== 'message' && typeof value !== 'object'))

/** An error's message is for people and logs: enough of it, never a whole page. */
function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return text.length > 1_000 ? `${text.slice(0, 1_000)}…` : text
}
