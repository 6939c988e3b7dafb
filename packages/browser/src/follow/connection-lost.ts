import { StreamError } from '@deltawire/core'

/** A stream broke off when so many pieces of it had been read. */
export const connectionLost = (message: string, cause?: unknown, pieces = 0): StreamError<'connection_lost'> =>
  new StreamError('connection_lost', message, { pieces }, { cause })
