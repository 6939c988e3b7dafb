import { StreamError } from '@deltawire/core'

/** The server was silent for longer than an option allows: the phase is the first word of its name. */
export const timedOut = (phase: 'connect' | 'idle', timeoutMs: number): StreamError<'timeout'> =>
  new StreamError('timeout', `nothing came for ${timeoutMs} ms (${phase}TimeoutMs)`, { phase, timeoutMs })
