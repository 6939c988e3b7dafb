import { checkDoors, checkRelay, type CheckResult } from '@deltawire/websocket-bridge/conformance'
import { WebSocket } from 'ws'
import type { FlagValues, Run } from '../arguments/command.ts'
import { usageError } from '../arguments/usage-error.ts'
import { exitCode } from '../exit-code.ts'
import { fileOutput } from '../file-output.ts'
import type { Io, Output } from '../io.ts'
import { colorsOn } from '../render/colors.ts'
import { visibleJson, visibleLine } from '../render/visible.ts'
import { CliError } from '../cli-error.ts'
import { readRelayAddress, type RelayAddress } from '../tail/relay-address.ts'
import { relayToken } from '../tail/relay-token.ts'
import { endWith, upgradeStatus } from '../tail/upgrade-status.ts'
import type { flags } from './relay-check.command.ts'

type Flags = FlagValues<typeof flags>

export const relayCheck: Run<typeof flags> = async ({ flags, arguments: [given] }, io) => {
  const url = given ?? io.env['DELTAWIRE_RELAY_URL'] ?? ''
  if (url === '') throw usageError('no relay is named', 'as in: deltawire relay-check ws://127.0.0.1:8790/v1/socket')
  const address = readRelayAddress(url)
  const { timeout: timeoutMs } = flags
  const { signal } = io
  if ((await upgradeStatus(address.socketURL, { protocol: 'deltawire.v1', timeoutMs, signal })) === 0) {
    signal.throwIfAborted()
    throw new CliError(exitCode.network, `cannot connect to ${address.socketURL}`, 'is the relay running?')
  }
  const secret = relayToken(flags, io)
  const token = typeof secret === 'function' ? await secret() : secret
  const transcript = flags.transcript === undefined ? undefined : await fileOutput(flags.transcript)
  const results = { passed: 0, failed: 0, skipped: 0 }
  for await (const result of checks(address, token, flags, transcript, io)) {
    // A check that we have ended ourselves says nothing about the relay.
    signal.throwIfAborted()
    results[result.outcome] += 1
    await report(result, flags, io)
  }
  await transcript?.flush()
  if (!flags.json) {
    await io.stdout.write(`\n${results.passed} pass · ${results.failed} fail · ${results.skipped} skip\n`)
  }
  if (results.passed + results.failed === 0) throw usageError('there is no such check, or all were left out')
  return results.failed > 0 ? exitCode.findings : exitCode.complete
}

async function* checks(
  { socketURL, baseURL }: RelayAddress,
  token: string | undefined,
  { model, 'long-model': longModel, only, timeout: timeoutMs }: Flags,
  transcript: Output | undefined,
  io: Io,
): AsyncGenerator<CheckResult, void, undefined> {
  const bodyOf = (name: string) => ({ model: name, messages: [{ role: 'user', content: 'Hello!' }] })
  const common = { token, body: bodyOf(model), only, timeoutMs }
  yield* checkDoors({
    ...common,
    baseURL,
    fetch: (input, init) =>
      io.fetch(input, {
        ...init,
        signal: init?.signal ? AbortSignal.any([init.signal, io.signal]) : io.signal,
      }),
    upgrade: (handshake) => upgradeStatus(socketURL, { ...handshake, timeoutMs, signal: io.signal }),
  })
  yield* checkRelay({
    ...common,
    url: socketURL,
    WebSocket: endingSocket(io.signal, transcript === undefined ? WebSocket : writingSocket(transcript, token)),
    longBody: longModel === undefined ? undefined : bodyOf(longModel),
  })
}

/** A socket that ends with the signal. */
function endingSocket(signal: AbortSignal, Base: new (url: string, protocol: string) => WebSocket) {
  return class extends Base {
    constructor(url: string, protocol: string) {
      super(url, protocol)
      endWith(this, signal)
    }
  }
}

/** A socket that writes down what is said on it. A token is not for files. */
function writingSocket(transcript: Output, token = ''): new (url: string, protocol: string) => WebSocket {
  let sockets = 0
  return class extends WebSocket {
    readonly #name = String(++sockets)

    constructor(url: string, protocol: string) {
      super(url, protocol)
      this.on('message', (data: Buffer) => this.#write('<', data.toString()))
      this.on('close', (code) => this.#write('<', `closed ${code}`))
    }

    override send(data: Parameters<WebSocket['send']>[0]): void {
      this.#write('>', typeof data === 'string' ? data : '(binary)')
      super.send(data)
    }

    #write(direction: '<' | '>', frame: string): void {
      const shown = token === '' ? frame : frame.replaceAll(token, '[token]')
      void transcript.write(`${JSON.stringify({ socket: this.#name, direction, frame: shown })}\n`)
    }
  }
}

const outcomes = { passed: ['PASS', 'green'], failed: ['FAIL', 'red'], skipped: ['SKIP', 'dim'] } as const

async function report(result: CheckResult, { json }: Flags, io: Io): Promise<void> {
  const { name, section, outcome, reason } = result
  if (json) {
    await io.stdout.write(`${visibleJson(JSON.stringify({ v: 1, type: 'check', ...result }))}\n`)
    return
  }
  const [word, color] = outcomes[outcome]
  const paint = colorsOn(io.stdout, io.env)[color]
  const why = reason === undefined ? '' : `: ${visibleLine(reason)}`
  await io.stdout.write(`${paint(word)}  ${section.padEnd(12)}  ${name}${why}\n`)
}
