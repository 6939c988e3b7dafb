import type { UpstreamError } from '../error.ts'
import { isObject, type Obj } from '../normalize/repair.ts'

/**
 * The shapes in which servers report an error inside a stream, in the order in which they are tried.
 *
 * Each looks at the event's name and value and gives the error's body, or `undefined` if the shape is another.
 */
const shapes: readonly { readonly about: string; readonly source: string; readonly find: (value: Obj, name?: string) => unknown }[] = [
  {
    about: 'an object under "error": OpenAI, vLLM, SGLang, OpenRouter; also inside a chunk',
    source: 'https://github.com/BerriAI/litellm/pull/32237',
    find: (value) => (isObject(value['error']) && Object.keys(value['error']).length > 0 ? value['error'] : undefined),
  },
  {
    about: 'a text under "error", its code beside it: xAI, Baseten, Novita, Together',
    source: 'https://github.com/vercel/ai/blob/main/packages/xai/src/xai-chat-language-model.ts',
    find: ({ error, ...rest }) => (typeof error === 'string' && error !== '' ? { message: error, ...scalarsOf(rest) } : undefined),
  },
  {
    about: 'a list under "errors"',
    source: 'https://developers.cloudflare.com/api/',
    find: ({ errors, choices }) => {
      if (!Array.isArray(errors) || errors.length === 0 || Array.isArray(choices)) return undefined
      return isObject(errors[0]) ? errors[0] : { message: String(errors[0]) }
    },
  },
  {
    about: 'a status other than 0 in "base_resp": MiniMax',
    source: 'https://github.com/RooCodeInc/Roo-Code/pull/9105',
    find({ base_resp }) {
      if (!isObject(base_resp)) return undefined
      const { status_code, status_msg } = base_resp
      return typeof status_code === 'number' && status_code !== 0 ? { message: status_msg, code: status_code } : undefined
    },
  },
  {
    about: 'the event itself is the error: event: error, or object or type "error" (older vLLM)',
    source: 'https://github.com/openai/openai-node/blob/main/src/core/streaming.ts',
    find: (value, name) => (name === 'error' || value['object'] === 'error' || value['type'] === 'error' ? value : undefined),
  },
  {
    about: 'a text or list under "detail" and no choices: FastAPI servers',
    source: 'https://fastapi.tiangolo.com/tutorial/handling-errors/',
    find({ detail, choices, id }) {
      if (choices !== undefined || id !== undefined) return undefined
      if (typeof detail === 'string' && detail !== '') return { message: detail }
      return Array.isArray(detail) && detail.length > 0 ? { message: JSON.stringify(detail) } : undefined
    },
  },
  {
    about: 'a message with a code or status and no choices: gateways',
    source: 'https://github.com/openai/openai-node/blob/main/src/core/streaming.ts',
    find(value) {
      const { message, code, status, choices, id } = value
      if (typeof message !== 'string' || message === '' || choices !== undefined || id !== undefined) return undefined
      return code !== undefined || status !== undefined ? value : undefined
    },
  },
]

/** The error that an event carries, or `undefined` if it carries none. */
export function upstreamErrorOf(value: unknown, name?: string): UpstreamError | undefined {
  if (!isObject(value)) return name === 'error' ? { message: textOf(value), body: value } : undefined
  for (const shape of shapes) {
    const body = shape.find(value, name)
    if (body !== undefined) return describe(body)
  }
  return undefined
}

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
