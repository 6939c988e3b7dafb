import { STATUS_CODES } from 'node:http'
import { type AnyStreamError, isStreamError } from '@deltawire/core'
import { isConversationError } from '../conversation/conversation-error.ts'
import type { ChatMessage } from './types.ts'

/** Why there is no answer. `cause` is the `StreamError` or `ConversationError` behind it, with its code. */
export class ChatGPTError extends Error {
  statusCode?: number
  statusText?: string
  /** Never set, as in the ancestor. */
  isFinal?: boolean
  /** Never set, as in the ancestor. */
  accountId?: string
  /** What had arrived of the answer. */
  partial?: ChatMessage
}

/** The ancestor's words for a failure of ours. What is no failure of ours, an abort before all, stays what it is. */
export function toChatGPTError(reason: unknown, who: 'ChatGPT' | 'OpenAI', partial: ChatMessage | undefined): unknown {
  if (!isStreamError(reason) && !isConversationError(reason)) return reason
  const said = isStreamError(reason) ? wordsFor(reason, who) : { message: `${who} error: ${reason.message}` }
  const { message, ...more } = said
  return Object.assign(new ChatGPTError(message, { cause: reason }), more, partial && { partial })
}

interface Words {
  message: string
  name?: string
  statusCode?: number
  statusText?: string
}

function wordsFor(error: AnyStreamError, who: string): Words {
  switch (error.code) {
    case 'http_status': {
      const { status, body } = error.details
      const statusText = STATUS_CODES[status] ?? ''
      return { message: `${who} error ${status}: ${body || statusText}`, statusCode: status, statusText }
    }
    case 'timeout':
      return {
        name: 'TimeoutError',
        message: error.details.phase === 'total' ? 'OpenAI timed out waiting for response' : error.message,
      }
    case 'upstream_error': {
      const { message, code, type } = error.details.error
      return {
        message: `${who} error ${[message, code].filter((part) => part !== undefined).join(': ')}${type === undefined ? '' : ` (${type})`}`,
        ...(typeof code === 'number' && { statusCode: code }),
        statusText: message,
      }
    }
    case 'connect_failed':
    case 'connection_lost':
    case 'incomplete_stream':
    case 'invalid_json':
    case 'limit_exceeded':
    case 'no_chunk':
      return { message: `${who} error: ${error.message}` }
    default:
      return error satisfies never
  }
}
