import type { RelayErrorCode } from '@deltawire/websocket-bridge/client'
import { RelayError } from '@deltawire/websocket-bridge/client'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'

const codeOf: { readonly [C in RelayErrorCode]: number } = {
  bad_request: exitCode.refused,
  unauthorized: exitCode.refused,
  forbidden: exitCode.refused,
  not_found: exitCode.refused,
  gone: exitCode.refused,
  conflict: exitCode.refused,
  too_large: exitCode.refused,
  too_many: exitCode.overloaded,
  draining: exitCode.overloaded,
  unavailable: exitCode.overloaded,
  internal: exitCode.broken,
  closed: exitCode.network,
  corrupt: exitCode.broken,
  failed: exitCode.broken,
  interrupted: exitCode.broken,
  limit: exitCode.broken,
  replaced: exitCode.broken,
}

const hintOf: { readonly [C in RelayErrorCode]?: string } = {
  unauthorized: 'put the token into $DELTAWIRE_RELAY_TOKEN; tail and relay-check also take --token-cmd',
  not_found: 'the id is what the relay answers with, in x-stream-id',
  gone: 'relays keep streams for some time after their end',
}

/** What was given before is not in the stream any more, and who reads chunks has no way to forget some. */
export function lostPart(): CliError {
  return new CliError(
    exitCode.broken,
    'the relay has lost a part that was printed already',
    'begin again: what there is comes first',
  )
}

/**
 * What a relay said or did, as an error of the command line.
 *
 * @param hasSome whether a part of the answer had come: then a connection that is given up breaks it
 */
export function relayFailure(error: unknown, hasSome: boolean): unknown {
  if (!(error instanceof RelayError)) return error
  const { code, details } = error
  const message = `${error.message.replace(`[${code}] `, '')} (${code})`
  // 44xx: the client has to change something (PROTOCOL.md, §9).
  const { closeCode = 0 } = details
  if (code === 'closed' && closeCode >= 4400 && closeCode < 4500) {
    return new CliError(exitCode.refused, message, closeCode === 4401 ? hintOf.unauthorized : undefined)
  }
  return new CliError(code === 'closed' && hasSome ? exitCode.broken : codeOf[code], message, hintOf[code])
}
