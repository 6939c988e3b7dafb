import type { Engine, Retention } from '@deltawire/websocket-bridge'
import { createRedisEngine } from '@deltawire/websocket-bridge/redis'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { RelayLog } from './relay-log.ts'

/** How long a node waits for its store when it starts: containers start in any order. */
const FIRST_ANSWER_MS = 10_000
/** Between two attempts. */
const PAUSE_MS = 250

/**
 * The engine that keeps streams in Redis or Valkey. Loaded only where one is named.
 *
 * @throws CliError when the store does not answer: a node that can begin nothing should not look as if it could
 */
export async function openRedisEngine(
  url: string,
  { prefix, ...retention }: Retention & { readonly prefix: string },
  log: RelayLog,
): Promise<Engine> {
  const engine = createRedisEngine({ redis: url, prefix: `${prefix}:`, ...retention })
  const deadline = performance.now() + FIRST_ANSWER_MS
  for (let asked = 1; ; asked++) {
    try {
      await engine.list('all', 1)
      log.debug('redis', { prefix, asked })
      return engine
    } catch (cause) {
      if (asked === 1) log.info('waiting for redis')
      // A store that is of the wrong kind does not become another by waiting.
      if (cause instanceof TypeError || performance.now() > deadline) {
        await engine.close()
        throw refused(cause)
      }
      await sleep(PAUSE_MS)
    }
  }
}

/** Says why, without the address: that may hold a password. */
function refused(cause: unknown): CliError {
  const message = cause instanceof Error ? cause.message : String(cause)
  const isOfTheWrongKind = cause instanceof TypeError
  return new CliError(
    exitCode.network,
    isOfTheWrongKind ? message : `redis does not answer: ${message}`,
    'look at DELTAWIRE_RELAY_REDIS',
  )
}
