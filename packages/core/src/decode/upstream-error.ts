import type { UpstreamError } from '../error.ts'
import { isObject, type Obj } from '../normalize/repair.ts'

/** What words an error, and what of the event it was. */
interface Report {
  fields: unknown
  body: unknown
}

/** A report in which the part that words the error is also all that was sent of it. */
const report = (body: unknown): Report => ({ fields: body, body })

/**
 * The shapes in which servers report an error inside a stream, in the order in which they are tried.
 *
 * Each looks at the event's value and name and gives what it reports, or `undefined` if the shape is another.
 */
const shapes: readonly ((value: Obj, name?: string) => Report | undefined)[] = [
  // Whatever is under "error", in every form; also inside a chunk.
  (value) => underError(value),
  // The same inside a choice, beside the finish reason "error": https://github.com/damianvtran/local-operator/pull/223
  ({ choices }) => {
    for (const choice of Array.isArray(choices) ? choices : []) {
      const found = isObject(choice) ? underError(choice) : undefined
      if (found !== undefined) return found
    }
    return undefined
  },
  // A list under "errors": https://developers.cloudflare.com/api/
  ({ errors, choices }) => {
    if (!Array.isArray(errors) || errors.length === 0 || Array.isArray(choices)) return undefined
    return report(errors[0])
  },
  // A status other than 0 in "base_resp": MiniMax: https://github.com/RooCodeInc/Roo-Code/pull/9105
  ({ base_resp }) => {
    if (!isObject(base_resp)) return undefined
    const { status_code, status_msg } = base_resp
    if (typeof status_code !== 'number' || status_code === 0) return undefined
    return { fields: { message: status_msg, code: status_code }, body: base_resp }
  },
  // The event itself is the error: event: error, or object or type "error" (older vLLM): https://github.com/openai/openai-node/blob/main/src/core/streaming.ts
  (value, name) =>
    name === 'error' || value['object'] === 'error' || value['type'] === 'error' ? report(value) : undefined,
  // A text or list under "detail" and no choices: FastAPI servers: https://fastapi.tiangolo.com/tutorial/handling-errors/
  (value) => {
    const { detail, choices, id } = value
    if (choices !== undefined || id !== undefined) return undefined
    if (typeof detail === 'string' ? detail === '' : !Array.isArray(detail) || detail.length === 0) return undefined
    return { fields: { message: detail }, body: value }
  },
  // A message with a code or status and no choices: gateways: https://github.com/openai/openai-node/blob/main/src/core/streaming.ts
  (value) => {
    const { message, code, status, choices, id } = value
    if (typeof message !== 'string' || message === '' || choices !== undefined || id !== undefined) return undefined
    // News of a queue or of a model that is loading have a status in words.
    return isFailure(code) || (typeof status === 'number' && isFailure(status)) ? report(value) : undefined
  },
]

/** Whether a code is one of failure, and not 0, 200 or "ok". */
function isFailure(code: unknown): boolean {
  if (typeof code === 'string') return /^-?\d+$/.test(code) ? isFailure(Number(code)) : !/^(?:ok|success)?$/i.test(code)
  return typeof code === 'number' && code !== 0 && (code < 100 || code >= 400)
}

function underError(value: Obj): Report | undefined {
  const { error } = value
  // OpenAI, vLLM, SGLang, OpenRouter: https://github.com/BerriAI/litellm/pull/32237 . An object of nulls says nothing.
  if (isObject(error)) return Object.values(error).some((field) => field !== null) ? report(error) : undefined
  if (Array.isArray(error)) return error.length > 0 ? report(error[0]) : undefined
  // A text, its code beside it: xAI, Baseten, Novita, Together: https://github.com/vercel/ai/blob/main/packages/xai/src/xai-chat-language-model.ts
  if (typeof error === 'string' && error !== '') return { fields: { ...value, message: error }, body: value }
  // A flag or a number, the words beside it.
  if (error === true || (typeof error === 'number' && error !== 0)) return report(value)
  return undefined
}

/** The error that an event carries, or `undefined` if it carries none. */
export function upstreamErrorOf(value: unknown, name?: string): UpstreamError | undefined {
  if (!isObject(value)) return name === 'error' ? describe(report(value)) : undefined
  // Nearly every event is a chunk and nothing else.
  if (isPlainChunk(value, name)) return undefined
  for (const shape of shapes) {
    const found = shape(value, name)
    if (found !== undefined) return describe(found)
  }
  return undefined
}

const isPlainChunk = ({ choices, error, base_resp, object }: Obj, name: string | undefined): boolean =>
  Array.isArray(choices) &&
  !error &&
  base_resp === undefined &&
  object !== 'error' &&
  name !== 'error' &&
  !choices.some((choice) => isObject(choice) && choice['error'])

function describe({ fields, body }: Report): UpstreamError {
  if (!isObject(fields)) return { message: textOf(fields), body }
  const { message, type, code, param, msg, detail } = fields
  return {
    message: textOf([message, msg, detail].find((text) => text !== undefined && text !== null && text !== '') ?? body),
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
