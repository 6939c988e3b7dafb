import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { checkKey, keyFromCommand } from '../keys/read-key.ts'
import type { RelayFlags } from './relay-flags.ts'

/**
 * The token, or what gives it before each connection; nothing where there is none.
 *
 * @throws CliError when it cannot be had, without showing anything of it
 */
export function relayToken(
  flags: RelayFlags,
  io: Pick<Io, 'env' | 'signal'>,
): string | (() => Promise<string>) | undefined {
  const { 'token-cmd': command } = flags
  const { DELTAWIRE_RELAY_TOKEN: said = '' } = io.env
  if (command !== undefined) {
    return async () => {
      const token = await keyFromCommand(command, io)
      if (token !== '') return checkKey(token, 'what --token-cmd prints')
      throw new CliError(exitCode.configuration, '--token-cmd printed no token')
    }
  }
  return said === '' ? undefined : checkKey(said, '$DELTAWIRE_RELAY_TOKEN')
}
