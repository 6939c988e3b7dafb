import { isStreamError } from '../error.ts'
import { pick } from '../pick.ts'
import { stringOf } from '../read/text-of.ts'

/**
 * The event that reports an error in an event stream which began well, in the form that official clients raise.
 *
 * An error that came from upstream goes on in its own words. Of any other error its message and its plain `type`, `code`
 * and `param` are told; never a stack, a cause or anything else that belongs to this side only.
 */
export function encodeError(error: unknown): string {
  return `data: ${JSON.stringify({ error: wireErrorOf(error) })}\n\n`
}

/** What a reader of the stream is told about an error: its `message`, and `type`, `code` and `param` if it has them. */
function wireErrorOf(error: unknown): object {
  if (typeof error === 'string' && error !== '') return { message: error }
  if (typeof error !== 'object' || error === null) return { message: 'Unknown error' }
  if (isStreamError(error) && error.code === 'upstream_error')
    return pick(error.details.error, ['message', 'type', 'code', 'param'])
  const { message, name, type, code, param } = error as { readonly [key: string]: unknown }
  return {
    message: stringOf(message) || stringOf(name) || 'Unknown error',
    type: stringOf(type) || undefined,
    // A number is a code of its own world: that of an abort is 20.
    code: stringOf(code) || undefined,
    param: stringOf(param) || undefined,
  }
}
