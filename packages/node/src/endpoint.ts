/** Where an endpoint is and how it knows who asks. */
export interface EndpointOptions {
  /**
   * Where the endpoint is, up to and without `/chat/completions`. A query string stays (Azure's `api-version`).
   *
   * @defaultValue `process.env.OPENAI_BASE_URL`, else `https://api.openai.com/v1`
   */
  baseURL?: string | undefined
  /**
   * Sent as `Authorization: Bearer`. A function is called before every attempt, for keys that expire. Left out when empty,
   * for servers that ask for none.
   *
   * @defaultValue `process.env.OPENAI_API_KEY`, unless `headers` hold a key (`authorization`, `api-key`, `x-api-key`,
   *   `x-goog-api-key`), which may be meant for somebody else
   */
  apiKey?: string | (() => Promise<string> | string) | undefined
  /**
   * Whose organization pays, sent as `OpenAI-Organization`.
   *
   * @defaultValue `process.env.OPENAI_ORG_ID`
   */
  organization?: string | undefined
  /**
   * Which project pays, sent as `OpenAI-Project`.
   *
   * @defaultValue `process.env.OPENAI_PROJECT_ID`
   */
  project?: string | undefined
  /** Sent with the request. They win over ours; `null` leaves one of ours out. */
  headers?: HeadersOption | undefined
}

/** Headers as `fetch` takes them; `null` leaves out one that we would send. */
export type HeadersOption =
  | Headers
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | null | undefined>>

export interface Endpoint {
  readonly url: URL
  /** The headers of one attempt. */
  headers(): Promise<Headers>
}

/** The endpoint that the options and the environment name. */
export function endpointOf(options: EndpointOptions): Endpoint {
  const url = urlOf(options.baseURL)
  const theirs = headerEntries(options.headers)
  const hasKey = theirs.some(([name, value]) => value !== null && keyHeaders.has(name))
  const apiKey = options.apiKey ?? (hasKey ? '' : (process.env['OPENAI_API_KEY'] ?? ''))
  if (typeof apiKey !== 'function') checkKey(apiKey)
  const fixed: [string, string][] = [
    ['content-type', 'application/json'],
    ['accept', 'text/event-stream, application/json'],
  ]
  const organization = options.organization ?? process.env['OPENAI_ORG_ID']
  const project = options.project ?? process.env['OPENAI_PROJECT_ID']
  if (organization) fixed.push(['openai-organization', organization])
  if (project) fixed.push(['openai-project', project])
  return {
    url,
    async headers() {
      const headers = new Headers(fixed)
      const key = typeof apiKey === 'function' ? checkKey(await apiKey()) : apiKey
      if (key !== '') headers.set('authorization', `Bearer ${key}`)
      for (const [name, value] of theirs) {
        if (value === null) headers.delete(name)
        else headers.set(name, value)
      }
      return headers
    },
  }
}

const keyHeaders: ReadonlySet<string> = new Set(['authorization', 'api-key', 'x-api-key', 'x-goog-api-key'])

const SUFFIX = '/chat/completions'

function urlOf(given: string | undefined): URL {
  const baseURL = given ?? (process.env['OPENAI_BASE_URL'] || 'https://api.openai.com/v1')
  const url = typeof baseURL === 'string' && URL.canParse(baseURL) ? new URL(baseURL) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const example = 'http://127.0.0.1:8080/v1'
    const [name, right] = given === undefined ? ['OPENAI_BASE_URL', example] : ['baseURL', `{ baseURL: '${example}' }`]
    throw new TypeError(`${name} must be an absolute http URL, as in ${right}, not ${shown(baseURL)}`)
  }
  // What is wrong is said without showing it: such URLs are refused by fetch, with the password in the message.
  if (url.username !== '' || url.password !== '')
    throw new TypeError(
      `baseURL holds a name or a password; they go into a header, as in { headers: { authorization: 'Basic …' } }`,
    )
  const path = url.pathname.replace(/\/+$/, '')
  // People copy the whole address from a provider's page.
  url.pathname = path.endsWith(SUFFIX) ? path : path + SUFFIX
  return url
}

/** A wrong address as it may be shown: without a password before its `@`, without the key of a query. */
const shown = (address: unknown): string =>
  JSON.stringify(String(address).replace(/^.*@/s, '…@').replace(/\?.*/s, '?…'))

function headerEntries(headers: HeadersOption | undefined): [string, string | null][] {
  if (headers === undefined) return []
  const entries = Symbol.iterator in headers ? [...headers] : Object.entries(headers)
  const given: [string, string | null][] = []
  for (const [name, value] of entries) {
    if (typeof value === 'string') checkHeader(name, value)
    if (value !== undefined) given.push([name.toLowerCase(), value])
  }
  return given
}

/** The error of `Headers` would show what may be a key. */
function checkHeader(name: string, value: string): void {
  try {
    void new Headers([[name, value]])
  } catch {
    throw new TypeError(`the header ${name} holds a line end or another character that no header has`)
  }
}

/** A key that no header can hold would be shown by the error of `fetch`. */
function checkKey(key: string): string {
  if (typeof key !== 'string')
    throw new TypeError(`apiKey must be a string or a function that gives one, not ${typeof key}`)
  if (/[^\u0021-\u007E]/.test(key))
    throw new TypeError(
      'apiKey holds a space, a line end or another character that no key has: was it read from a file?',
    )
  return key
}
