import type { FlagValues, Run } from '../arguments/command.ts'
import { usageError } from '../arguments/usage-error.ts'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { listenError } from '../listen.ts'
import { createMockServer } from '../mock/create-mock-server.ts'
import { captureToRecording } from '../mock/recording.ts'
import { readRelaySettings } from '../relay/read-relay-settings.ts'
import { createRelayLog } from '../relay/relay-log.ts'
import { relaySettingsText } from '../relay/relay-settings-text.ts'
import { type RelaySettings, secretsOf } from '../relay/relay-settings.ts'
import { type RunningRelay, serveRelay } from '../relay/serve-relay.ts'
import { serveUntilDone } from '../serve-until-done.ts'
import { openSources } from '../source/open-source.ts'
import { flags as declared } from './relay.command.ts'

type Flags = FlagValues<typeof declared>

export const relay: Run<typeof declared> = async ({ flags, arguments: sources, command }, io) => {
  if (flags['list-settings']) {
    await io.stdout.write(relaySettingsText())
    return exitCode.complete
  }
  const isPaced = flags.ttft !== declared.ttft.default || flags.tps !== declared.tps.default
  if (isPaced && sources.length === 0) throw usageError('--ttft and --tps are about SOURCEs, and none is named')
  const given = await readRelaySettings(settingsOf(flags), io.env, flags.settings)
  if (sources.length === 0 && given.upstreamURL === undefined && given.upstreamKey === undefined) {
    const hint = 'deltawire relay demo:text answers from a recording'
    throw new CliError(exitCode.configuration, 'there is no model to ask: set OPENAI_BASE_URL or OPENAI_API_KEY', hint)
  }
  if (flags.check) return exitCode.complete
  const mock = sources.length === 0 ? undefined : await startMock(sources, flags, io)
  const settings = mock === undefined ? given : { ...given, upstreamURL: mock.server.baseURL, upstreamKey: 'mock' }
  try {
    return await serve(settings, flags, { command, model: mock?.model ?? settings.models?.[0] }, io)
  } finally {
    await mock?.server.close()
  }
}

interface Purpose {
  /** Run against the relay; empty for a relay of its own. */
  readonly command: readonly string[]
  /** A model that the command can ask for. */
  readonly model: string | undefined
}

async function serve(settings: RelaySettings, flags: Flags, { command, model }: Purpose, io: Io): Promise<number> {
  const log = createRelayLog({
    level: command.length > 0 ? 'error' : settings.logLevel,
    secrets: secretsOf(settings),
    date: io.clock.date,
    write: (line) => void io.stderr.write(line),
  })
  const { host, port, node } = settings
  let running: RunningRelay
  try {
    running = await serveRelay(settings, log)
  } catch (error) {
    throw listenError(error, host, port)
  }
  const { origin } = running
  log.info('listening', { origin, node, store: settings.redis === undefined ? 'memory' : 'redis' })
  const baseURL = `${origin}/v1`
  const [token] = Object.values(settings.tokens ?? {})
  const environment = {
    OPENAI_BASE_URL: baseURL,
    OPENAI_API_KEY: token ?? 'none',
    ...(token !== undefined && { DELTAWIRE_RELAY_TOKEN: token }),
    ...(model !== undefined && { DELTAWIRE_MODEL: model }),
    DELTAWIRE_RELAY_URL: `${origin.replace(/^http/, 'ws')}/v1/socket`,
  }
  const server = { baseURL, close: () => (io.signal.aborted ? running.drain() : running.close()) }
  // The log has said where it listens.
  return serveUntilDone(server, environment, { ...flags, quiet: true, 'print-env': false, command }, io)
}

function settingsOf({ port, host, upstream, models, origin, anybody, log }: Flags): Partial<RelaySettings> {
  if (origin.includes('*') && origin.length > 1) throw usageError('--origin * means every page: no other is needed')
  return {
    ...(port !== undefined && { port }),
    ...(host !== undefined && { host }),
    ...(upstream !== undefined && { upstreamURL: upstream }),
    ...(models !== undefined && { models: [...models] }),
    ...(origin.length > 0 && { origins: origin.includes('*') ? ('*' as const) : [...origin] }),
    ...(anybody && { anybody }),
    ...(log !== undefined && { logLevel: log }),
  }
}

/** An upstream without a key: recordings, at a pace that one can watch. */
async function startMock(names: readonly string[], flags: Flags, io: Io) {
  const { ttft, tps } = flags
  const sources = await openSources(names, flags, io)
  const recordings = await Promise.all(
    sources.map(async (source) => captureToRecording(source.name, await source.open())),
  )
  const pace = { firstChunkMs: ttft, chunkMs: tps === 0 ? 0 : 1000 / tps, jitter: 0 }
  const server = await createMockServer({ recordings, pace, clock: io.clock, apiKey: 'mock' })
  return { server, model: recordings[0]?.name }
}
