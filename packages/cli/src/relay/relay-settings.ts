import * as z from 'zod/mini'
import type { LogLevel } from './relay-log.ts'

/** One thing that may be set: what it is, and what it may be. Its name in the environment follows from its name. */
export interface RelaySetting<T> {
  readonly schema: z.ZodMiniType<T>
  /** What the schema asks for, in words: `expected a port from 0 to 65535`. */
  readonly expected: string
  readonly about: string
  readonly default?: T
  /** How a text of the environment is read. As JSON where it is absent and the text is no text by its schema. */
  readonly read?: (text: string) => unknown
  /** Never shown. May also be in a file that `…_FILE` names, as secrets of containers are. */
  readonly isSecret?: true
}

function setting<T>(given: RelaySetting<T>): RelaySetting<T> {
  return given
}

const text = z.string().check(z.minLength(1))
const texts = z.array(text)
const url = z.url({ protocol: /^https?$/ })
const redisURL = z.url({ protocol: /^rediss?$/ })
const wholeNumber = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  z.int().check(z.minimum(minimum), z.maximum(maximum))

const listOf = (given: string): string[] =>
  given
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/** `ada=secret1,bob=secret2` */
const pairsOf = (given: string): unknown => {
  const pairs = listOf(given).map((pair) => /^([^=]+)=(.+)$/.exec(pair))
  return pairs.includes(null) ? given : Object.fromEntries(pairs.map((match) => [match?.[1], match?.[2]]))
}

const count = (about: string, minimum = 0): RelaySetting<number | undefined> => ({
  schema: z.optional(wholeNumber(minimum)),
  expected: `a whole number from ${minimum}`,
  about,
})

/** Everything that a relay can be told. The help, the reference, the file and the environment follow from this table. */
export const relaySettings = {
  host: setting({
    schema: text,
    expected: 'an address',
    about: 'the address to listen on',
    default: '127.0.0.1',
  }),
  port: setting({
    schema: wholeNumber(0, 65_535),
    expected: 'a port from 0 to 65535',
    about: 'the port; 0 takes a free one',
    default: 8790,
  }),
  node: setting({
    schema: z.optional(text),
    expected: 'a name',
    about: 'the name of this node in logs and frames (a random one)',
  }),
  upstreamURL: setting({
    schema: z.optional(url),
    expected: 'an http URL',
    about: 'the endpoint that is asked, up to /chat/completions; $OPENAI_BASE_URL when not given',
  }),
  upstreamKey: setting({
    schema: z.optional(text),
    expected: 'a key',
    about: 'its key, which no client ever sees; $OPENAI_API_KEY when not given',
    isSecret: true,
  }),
  models: setting({
    schema: z.optional(texts),
    expected: 'a list of models',
    about: 'the models that clients may ask for (any)',
    read: listOf,
  }),
  redis: setting({
    schema: z.optional(redisURL),
    expected: 'a redis URL, as in redis://127.0.0.1:6379',
    about: 'where streams are kept so that any node serves any stream (in the memory of this node)',
    isSecret: true,
  }),
  redisPrefix: setting({
    schema: text,
    expected: 'a text',
    about: 'what the keys in Redis begin with: one for each relay that shares it',
    default: 'deltawire',
  }),
  tokens: setting({
    schema: z.optional(z.record(text, text.check(z.minLength(16)))),
    expected: 'names with their tokens of at least 16 characters, as in ada=0123456789abcdef',
    about: 'who may use this relay',
    read: pairsOf,
    isSecret: true,
  }),
  anybody: setting({
    schema: z.boolean(),
    expected: 'true or false',
    about: 'lets everybody in who can reach this relay, at your expense',
    default: false,
  }),
  adminToken: setting({
    schema: z.optional(text.check(z.minLength(16))),
    expected: 'a token of at least 16 characters',
    about: 'opens /admin and /metrics (without it there is no /admin, and /metrics is open)',
    isSecret: true,
  }),
  ticketSecret: setting({
    schema: z.optional(text.check(z.minLength(16))),
    expected: 'a text of at least 16 characters',
    about: 'signs one-time tickets; the same on every node',
    isSecret: true,
  }),
  origins: setting({
    schema: z.optional(z.union([z.literal('*'), texts])),
    expected: "a list of origins, as in https://app.example.com, or '*'",
    about: 'web pages that may use this relay (those of its own host)',
    read: (given) => (given.trim() === '*' ? '*' : listOf(given)),
  }),
  hosts: setting({
    schema: z.optional(texts),
    expected: 'a list of host names',
    about: 'names under which this relay may be called (any)',
    read: listOf,
  }),
  cookies: setting({
    schema: z.boolean(),
    expected: 'true or false',
    about: 'a token may also come in the cookie "token", from pages of these origins',
    default: false,
  }),
  cancelOrphansMs: count('cancels a stream that nobody has followed for so long (never)', 1),
  graceMs: setting({
    schema: wholeNumber(0),
    expected: 'a whole number from 0',
    about: 'how long SIGTERM waits for running streams',
    default: 30_000,
  }),
  logLevel: setting<LogLevel>({
    schema: z.enum(['error', 'info', 'debug']),
    expected: 'error, info or debug',
    about: 'what is logged, one line of JSON each, on standard error',
    default: 'info',
  }),
  leaseMs: count('how long a stream waits for a node that is silent before another takes it over (10,000)', 1_000),
  endedTtlMs: count('how long a stream is kept after its end (900,000)', 1_000),
  liveTtlMs: count('how long a stream is kept to which nothing is added (3,600,000)', 1_000),
  maxStreamLength: count('characters of one stream (4,194,304)', 1),
  maxStreamChunks: count('chunks of one stream (200,000)', 1),
  maxStreamMs: count('how long one stream may go on (1,800,000)', 1),
  idleTimeoutMs: count('how long the upstream may be silent (120,000)', 1),
  maxLiveStreams: count('streams that one user may have running on one node (64)', 1),
  maxSockets: count('sockets of one node, and answers over HTTP, each (20,000)', 1),
  maxSubscriptions: count('subscriptions of one socket (128)', 1),
  maxBodyBytes: count('bytes of one request (4,194,304)', 1),
}

type SettingTypes = typeof relaySettings
export type RelaySettingName = keyof SettingTypes
/** What a relay was told, with the defaults of the table. */
export type RelaySettings = {
  readonly [N in RelaySettingName]: SettingTypes[N] extends RelaySetting<infer T> ? T : never
}

export const relaySettingNames = Object.keys(relaySettings) as RelaySettingName[]

/** `maxSockets` is `DELTAWIRE_RELAY_MAX_SOCKETS`, `upstreamURL` is `DELTAWIRE_RELAY_UPSTREAM_URL`. */
export function variableOf(name: RelaySettingName): string {
  return `DELTAWIRE_RELAY_${name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toUpperCase()}`
}

/** What must never be logged. */
export function secretsOf({ upstreamKey, redis, tokens, adminToken, ticketSecret }: RelaySettings): string[] {
  const secrets = [upstreamKey, redis, adminToken, ticketSecret, ...Object.values(tokens ?? {})]
  return secrets.filter((secret) => secret !== undefined)
}
