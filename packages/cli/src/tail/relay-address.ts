import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'

/** Where the two doors of a relay are. */
export interface RelayAddress {
  /** `ws://127.0.0.1:8790/v1/socket` */
  readonly socketURL: string
  /** `http://127.0.0.1:8790/v1` */
  readonly baseURL: string
}

/** The schemes of an address, and their names at the socket's door. */
const socketScheme: { readonly [protocol: string]: string } = {
  'ws:': 'ws:',
  'wss:': 'wss:',
  'http:': 'ws:',
  'https:': 'wss:',
}

/** What a long-lived secret is called in a query. A one-time ticket is none. */
const secretNames = ['token', 'access_token', 'key', 'api_key', 'apikey', 'password']

/** Whether it begins like an address; a stream has no such name. */
export const isRelayAddress = (text: string): boolean => /^(?:ws|http)s?:\/\//i.test(text)

/**
 * Reads the address of a relay. One without a path is that of its host, and the socket is where relays have it.
 *
 * @throws CliError when it is none, or holds a secret: addresses are logged
 */
export function readRelayAddress(text: string): RelayAddress {
  if (!URL.canParse(text)) throw notAnAddress(text)
  const url = new URL(text)
  const protocol = socketScheme[url.protocol]
  if (protocol === undefined) throw notAnAddress(text)
  if (url.username !== '' || url.password !== '' || secretNames.some((name) => url.searchParams.has(name))) {
    throw usageError(
      'a secret does not belong into the URL of a relay: addresses are logged',
      'put the token into $DELTAWIRE_RELAY_TOKEN; tail and relay-check also take --token-cmd',
    )
  }
  url.hash = ''
  if (url.pathname === '/') url.pathname = '/v1/socket'
  const rest = url.href.slice(url.protocol.length)
  const base = new URL('.', url)
  return {
    socketURL: protocol + rest,
    baseURL: protocol.replace('ws', 'http') + base.href.slice(base.protocol.length).replace(/\/$/, ''),
  }
}

/** A relay, and the last part of an address, which names a topic of it or one of its streams; `''` names neither. */
export interface NamedAddress extends RelayAddress {
  readonly name: string
}

/**
 * Reads `ws://127.0.0.1:8790/plan`: the last part of the path is the name, what stands before it the relay.
 *
 * @throws CliError when it is no address of a relay, or holds a secret
 */
export function readNamedAddress(text: string): NamedAddress {
  if (!URL.canParse(text)) throw notAnAddress(text)
  const url = new URL(text)
  const [, before = '', last = ''] = /^(.*)\/([^/]+)$/.exec(url.pathname) ?? []
  // The door of a relay is no name.
  const isDoor = url.pathname.endsWith('/v1/socket')
  if (!isDoor) url.pathname = before === '' ? '/' : before
  return { ...readRelayAddress(url.href), name: isDoor ? '' : decoded(last) }
}

/** Streams are told from topics by their ids, as relays make them. */
export const isStreamId = (name: string): boolean => name.startsWith('st_')

/** Nothing, where the text is not encoded as a part of an address. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return ''
  }
}

function notAnAddress(text: string) {
  return usageError(
    `${quote(text)} is not the address of a relay`,
    'it looks like ws://127.0.0.1:8790/v1/socket or wss://example.org/v1/socket',
  )
}
