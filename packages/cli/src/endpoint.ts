import type { StreamChatCompletionOptions } from '@deltawire/node'
import { flagGroup, type FlagValues } from './arguments/command.ts'
import { on, text, whole, type Value, timeLimit } from './arguments/value.ts'
import { CliError } from './cli-error.ts'
import { configFlags } from './config/config-flags.ts'
import type { Profile } from './config/config-schema.ts'
import type { Settings } from './config/load-settings.ts'
import { exitCode } from './exit-code.ts'
import type { Environment, Io } from './io.ts'
import type { FetchThroughOptions } from './network/fetch-through.ts'
import { note, sentenceOf } from './report.ts'

/** `NAME: VALUE` */
const header: Value<readonly [name: string, value: string]> = {
  placeholder: 'NAME:VALUE',
  expected: 'a header as in "x-team: blue"',
  read(given) {
    const [, name = '', value = ''] = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):\s*(.*)$/.exec(given) ?? []
    return name === '' || /[^\t\u0020-\u007E\u0080-\u00FF]/.test(value) ? undefined : [name, value.trim()]
  },
}

/** Who is asked, and on which way: the flags of every command that asks an endpoint. */
export const placeFlags = flagGroup({
  ...configFlags,
  'base-url': { value: text('URL'), about: 'the endpoint, up to /chat/completions; $OPENAI_BASE_URL when not given' },
  'api-key-cmd': { value: text('COMMAND'), about: 'prints the key; $OPENAI_API_KEY or the profile when not given' },
  'api-key': {
    value: text('KEY'),
    about: 'the key itself: everybody on this machine can see it in the list of processes',
  },
  header: { value: header, repeats: true, about: 'a header of the request' },
  'http-proxy': {
    value: text('URL'),
    about: 'the proxy that requests go through, or none; $HTTPS_PROXY and $NO_PROXY when not given',
  },
  ca: { value: text('FILE'), about: 'certificates (PEM) that are trusted besides the usual ones' },
  insecure: { value: on, about: 'trust any certificate' },
})

/** How long an answer is waited for. */
export const waitFlags = flagGroup({
  'connect-timeout': { value: timeLimit(), about: 'how long a server may take to answer at all (10s, by Node.js)' },
  'first-timeout': { value: timeLimit(), about: 'how long the first chunk may take, 0 for as long as it takes (5m)' },
  'idle-timeout': {
    value: timeLimit(),
    about: 'how long a server may be silent after it, 0 for as long as it likes (2m)',
  },
  timeout: { value: timeLimit(), about: 'how long the whole may take (no limit)' },
})

/** The flags of a command that asks until there is an answer. */
export const endpointFlags = flagGroup({
  ...placeFlags,
  ...waitFlags,
  retries: { value: whole('N', { min: 0 }), about: 'attempts after the first one, where there was no answer (2)' },
})

/** A command that measures or records asks once; one that wants no answer has no time for it. */
export type EndpointFlags = FlagValues<typeof placeFlags> & Partial<FlagValues<typeof endpointFlags>>

/** Where a request goes and how long it may take: options for `streamChatCompletion`. */
export interface Endpoint extends StreamChatCompletionOptions {
  readonly baseURL: string
  /** `''` when the server asks for none. */
  readonly apiKey: string
  readonly headers: Readonly<Record<string, string>>
  /** What must never be shown or stored. */
  readonly secrets: readonly string[]
  /** Where the key is from, in words that may be shown. */
  readonly keySource: string
  /** How requests reach it. */
  readonly way: FetchThroughOptions
}

/** The flags, and what a command knows besides. */
export type EndpointChoice = EndpointFlags & {
  readonly quiet?: boolean
  readonly verbose?: number
  readonly model?: string | undefined
}

/**
 * The endpoint that the flags, the environment and the configuration name.
 *
 * What is wrong with it is said without showing it: keys stand in these places, also where they should not.
 *
 * @throws CliError with the exit code for a wrong configuration
 */
export async function openEndpoint(flags: EndpointChoice, io: Io): Promise<Endpoint> {
  const { loadSettings, resolveModel } = await import('./config/load-settings.ts')
  const given = await loadSettings(flags, io)
  // `-m work/large` speaks of a profile too.
  const { profile } = resolveModel(given.text('model') ?? '', given)
  return endpointOf(flags, profile === undefined ? given : await loadSettings({ ...flags, profile }, io), io)
}

/** The model for a request: the flag's, the environment's, the configuration's; `''` when none is chosen. */
export async function modelOf(flags: EndpointChoice, io: Io): Promise<string> {
  const { loadSettings, resolveModel } = await import('./config/load-settings.ts')
  const settings = await loadSettings(flags, io)
  return resolveModel(settings.text('model') ?? '', settings).model
}

export async function endpointOf(flags: EndpointChoice, settings: Settings, io: Io): Promise<Endpoint> {
  const { profile } = settings
  const place = placeOf(flags, settings, io.env)
  const usesProfile = profile !== undefined && (profile.isExplicit || place.isProfiles)
  const { key: apiKey, source: keySource } = await keyOf(flags, usesProfile ? profile : undefined, place.baseURL, io)
  if (place.baseURL === undefined && apiKey === '') throw nowhere()
  const value: Profile = usesProfile ? profile.value : {}
  const baseURL = checkURL(place.baseURL ?? official, place.source)
  const { keyHeader } = value
  const { fetchThrough } = await import('./network/fetch-through.ts')
  const { loggedFetch } = await import('./network/logged-fetch.ts')
  const secrets = secretsOf(apiKey, [...Object.entries(value.headers ?? {}), ...flags.header])
  const way = { proxy: flags['http-proxy'] ?? value.proxy, ca: flags.ca ?? value.caFile, insecure: flags.insecure }
  const send = await fetchThrough(way, io)
  return {
    baseURL,
    way,
    keySource,
    apiKey: keyHeader === undefined ? apiKey : '',
    organization: value.organization ?? (usesProfile ? '' : (io.env.OPENAI_ORG_ID ?? io.env['OPENAI_API_ORG'] ?? '')),
    project: value.project ?? (usesProfile ? '' : (io.env.OPENAI_PROJECT_ID ?? '')),
    headers: {
      ...value.headers,
      ...(keyHeader !== undefined && apiKey !== '' && { [keyHeader]: apiKey }),
      ...Object.fromEntries(flags.header),
    },
    secrets,
    fetch: loggedFetch(send, { verbose: flags.verbose ?? 0, secrets }, io),
    signal: io.signal,
    connectTimeoutMs: flags['connect-timeout'] ?? inMs(value.connectTimeout),
    firstChunkTimeoutMs: flags['first-timeout'] ?? inMs(value.firstTimeout),
    idleTimeoutMs: flags['idle-timeout'] ?? inMs(value.idleTimeout),
    totalTimeoutMs: flags.timeout ?? inMs(value.timeout),
    maxRetries: flags.retries ?? value.retries,
    onRetry: ({ retry, delayMs, error }) =>
      void note(
        io,
        { quiet: flags.quiet === true, verbose: 0 },
        `${sentenceOf(error)}; attempt ${retry + 1} in ${(delayMs / 1000).toFixed(1)} s`,
      ),
  }
}

const official = 'https://api.openai.com/v1'

interface EndpointPlace {
  readonly baseURL: string | undefined
  /** For messages: what has to be put right. */
  readonly source: string
  readonly isProfiles: boolean
}

/** A profile that was asked for comes before the environment, the usual one after it. */
function placeOf(flags: EndpointFlags, { profile, user }: Settings, env: Environment): EndpointPlace {
  const places: (readonly [source: string, url: string | undefined, isProfiles?: true])[] = [
    ['--base-url', flags['base-url']],
    [
      `profiles.${profile?.name}.baseUrl`,
      profile?.isExplicit === true ? (profile.value.baseUrl ?? official) : undefined,
      true,
    ],
    ['OPENAI_BASE_URL', env.OPENAI_BASE_URL],
    ['OPENAI_API_BASE', env['OPENAI_API_BASE']],
    [
      `${user.path}: profiles.${profile?.name}.baseUrl`,
      profile === undefined ? undefined : (profile.value.baseUrl ?? official),
      true,
    ],
  ]
  const [source, baseURL, isProfiles = false] = places.find(([, url]) => url !== undefined && url !== '') ?? [
    '',
    undefined,
  ]
  return { baseURL, source, isProfiles }
}

async function keyOf(
  flags: EndpointChoice,
  profile: Settings['profile'],
  baseURL: string | undefined,
  io: Io,
): Promise<{ readonly key: string; readonly source: string }> {
  const { checkKey, keyFromCommand, keySourceOf, readKey } = await import('./keys/read-key.ts')
  if (flags['api-key'] !== undefined) {
    await note(
      io,
      { quiet: flags.quiet === true, verbose: 0 },
      '--api-key can be seen in the list of processes; deltawire keys set, keyCmd or $OPENAI_API_KEY cannot',
    )
    return { key: checkKey(flags['api-key'], '--api-key'), source: '--api-key' }
  }
  if (flags['api-key-cmd'] !== undefined) {
    const source = 'the output of --api-key-cmd'
    return { key: checkKey(await keyFromCommand(flags['api-key-cmd'], io), source), source }
  }
  if (profile !== undefined) {
    const source = keySourceOf(profile.value)
    if (source !== undefined) return { key: await readKey(profile.name, profile.value, io), source }
    // The key of the environment is for the official endpoint. Another profile's server has no business with it.
    if (baseURL !== official) return { key: '', source: '' }
  }
  return { key: checkKey(io.env.OPENAI_API_KEY ?? '', 'OPENAI_API_KEY'), source: '$OPENAI_API_KEY' }
}

function checkURL(baseURL: string, source: string): string {
  const url = URL.canParse(baseURL) ? new URL(baseURL) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw configurationError(`${source} is no http URL`, 'it looks like http://127.0.0.1:8080/v1')
  }
  if (url.username !== '' || url.password !== '') {
    throw configurationError(`${source} holds a name or a password`, 'the key belongs into OPENAI_API_KEY or a profile')
  }
  return baseURL
}

/** The key, and every header's value that may be one. */
function secretsOf(apiKey: string, headers: readonly (readonly [string, string])[]): string[] {
  const given = headers.filter(([name]) => /auth|key|token|secret|cookie/i.test(name)).map(([, value]) => value)
  return [apiKey, ...given].filter((secret) => secret !== '')
}

function inMs(time: number | string | undefined): number | undefined {
  return time === undefined ? undefined : timeLimit().read(String(time))
}

function nowhere(): CliError {
  return configurationError(
    'there is no endpoint to ask: set OPENAI_BASE_URL and OPENAI_API_KEY',
    'without them, -m demo:text answers from a recording, and deltawire mock serves an endpoint of its own',
  )
}

function configurationError(message: string, hint?: string): CliError {
  return new CliError(exitCode.configuration, message, hint)
}
