import { isStreamError, StreamError, type StreamErrorCode, type StreamErrorDetails } from '@deltawire/core'
import type { TabError } from './tab-message.ts'

export const packError = (reason: unknown): TabError => ({
  code: isStreamError(reason) ? reason.code : undefined,
  message: reason instanceof Error ? reason.message : String(reason),
  details: isStreamError(reason) ? JSON.parse(JSON.stringify(reason.details)) : {},
})

export function unpackError({ code, message, details }: TabError): Error {
  if (code === undefined) return new Error(message)
  // Its code is in front of the message already; the details were packed with it.
  const plain = message.replace(`[${code}] `, '')
  return new StreamError(code, plain, details as StreamErrorDetails[StreamErrorCode])
}
