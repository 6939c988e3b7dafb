import { connectRelay, type Relay, type RelayState } from '@deltawire/websocket-bridge/client'
import { WebSocket } from 'ws'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { note, type Loudness } from '../report.ts'
import type { RelayAddress } from './relay-address.ts'
import type { RelayFlags } from './relay-flags.ts'
import { relayToken } from './relay-token.ts'

export interface OpenRelay {
  readonly relay: Relay
  /** Resolves when there is a connection, the first time. Never when there is none. */
  readonly opened: Promise<void>
  /** Why there is no connection, where that is known better than by the relay's client. */
  readonly failure: CliError | undefined
}

/** So often in a row, the last pauses as long as 20 seconds: a node that restarts is back by then. */
const MAX_ATTEMPTS = 12

/** How an upgrade that was answered with this status ends a command. */
const refusals: { readonly [status: string]: number } = { 429: exitCode.overloaded, 503: exitCode.overloaded }

/**
 * Connects, and comes back by itself with a note. Only the first attempt is the last one if it fails: an address that
 * never worked is a wrong one.
 */
export function openRelay({ socketURL }: RelayAddress, flags: Loudness & RelayFlags, io: Io): OpenRelay {
  let failure: CliError | undefined
  let wasOpen = false
  let isAway = false
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))

  /** Knows why it could not be opened. The interface of browsers does not say. */
  class Socket extends WebSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol)
      this.on('error', ({ message }) => {
        if (!wasOpen) failure ??= connectFailure(socketURL, message)
      })
    }
  }

  const say = (message: string): void => void note(io, flags, message)
  const hear: { readonly [S in RelayState]?: () => void } = {
    open() {
      if (isAway) say('connected again')
      isAway = false
      wasOpen = true
      open()
    },
    waiting() {
      if (!wasOpen) {
        failure ??= connectFailure(socketURL, 'the connection was closed')
        relay.close()
      } else if (!isAway) say('the connection was lost; connecting again')
      isAway = true
    },
  }
  /** The client of the relay only tries again when there is no token. */
  async function keepReason(ask: () => Promise<string>): Promise<string> {
    try {
      return await ask()
    } catch (error) {
      if (error instanceof CliError) failure ??= error
      throw error
    }
  }

  const token = relayToken(flags, io)
  const relay = connectRelay(socketURL, {
    WebSocket: Socket,
    client: 'deltawire',
    maxAttempts: MAX_ATTEMPTS,
    onState: (state) => hear[state]?.(),
    onEvent: ({ k, ms = 0 }) => {
      if (k === 'stalled') say(`nothing has come from the source for ${Math.round(ms / 1000)} s`)
    },
    token: typeof token === 'function' ? () => keepReason(token) : token,
  })
  return {
    relay,
    opened,
    get failure() {
      return failure
    },
  }
}

function connectFailure(socketURL: string, reason: string): CliError {
  const [, status] = /Unexpected server response: (\d+)/.exec(reason) ?? []
  const message = `cannot connect to ${socketURL}: ${status === undefined ? reason : `the server answered ${status}`}`
  if (status === undefined)
    return new CliError(exitCode.network, message, 'is the relay running, and is the URL right?')
  return new CliError(refusals[status] ?? exitCode.refused, message)
}
