import { parsePosition, type Beginning } from '@deltawire/websocket-bridge/client'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import type { RelayAddress } from './relay-address.ts'
import type { RelayFlags } from './relay-flags.ts'
import { relayToken } from './relay-token.ts'

/** Where the printing of a stream begins: at its beginning, where it is now, or where somebody was. */
export type From = 'now' | 'start' | (string & {})

/**
 * The position that `from` means; nothing for the beginning.
 *
 * @throws CliError when the relay does not know the stream, or is not there
 */
export async function beginningOf(
  from: From,
  id: string,
  address: RelayAddress,
  flags: RelayFlags,
  io: Io,
): Promise<Beginning | undefined> {
  if (from === 'start') return undefined
  const position = parsePosition(from === 'now' ? await positionNow(id, address, flags, io) : from)
  return position === undefined ? undefined : { position }
}

async function positionNow(id: string, { baseURL }: RelayAddress, flags: RelayFlags, io: Io): Promise<string> {
  const given = relayToken(flags, io)
  const token = typeof given === 'function' ? await given() : given
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const url = `${baseURL}/streams/${encodeURIComponent(id)}`
  const response = await io.fetch(url, { headers, signal: io.signal }).catch(() => {
    if (io.signal.aborted) throw io.signal.reason
    throw new CliError(exitCode.network, `cannot connect to ${url}`, 'is the relay running, and is the URL right?')
  })
  if (response.ok) return ((await response.json()) as { readonly position?: string }).position ?? ''
  const refused = response.status === 429 || response.status === 503 ? exitCode.overloaded : exitCode.refused
  throw new CliError(refused, `the relay does not tell where ${id} is: it answered ${response.status}`)
}
