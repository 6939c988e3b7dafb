import { quote } from '../arguments/parse-arguments.ts'
import { NotWords, shellWords } from './shell-words.ts'

/** What a curl command asks. */
export interface CurlRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly insecure: boolean
}

/** Why a text is no curl command that can be carried out here. */
export class NotCurl extends Error {
  override readonly name = 'NotCurl'
}

interface Draft {
  method: string | undefined
  url: string | undefined
  readonly headers: Map<string, string>
  readonly data: string[]
  insecure: boolean
}

type Option = (draft: Draft, value: string) => void

/**
 * Reads a curl command, as people paste it from documentation and from developer tools. Nothing in it is run, and no
 * file that it names is read.
 *
 * @param valueOf what a variable stands for
 * @throws NotCurl
 */
export function readCurl(text: string, valueOf: (variable: string) => string): CurlRequest {
  const [program, ...words] = wordsOf(text, valueOf)
  if (program === undefined || !/^(?:.*\/)?curl(?:\.exe)?$/.test(program))
    throw new NotCurl('it does not begin with curl')
  const draft: Draft = { method: undefined, url: undefined, headers: new Map(), data: [], insecure: false }
  const rest = words[Symbol.iterator]()
  for (const word of rest) {
    if (!word.startsWith('-') || word === '-') setUrl(draft, word)
    else readOption(draft, word, () => rest.next().value)
  }
  return requestOf(draft)
}

function wordsOf(text: string, valueOf: (variable: string) => string): string[] {
  try {
    // A prompt is often pasted with it.
    return shellWords(text.trim().replace(/^[$%>] +/, ''), valueOf)
  } catch (error) {
    throw error instanceof NotWords ? new NotCurl(error.message) : error
  }
}

/** `--data x`, `--data=x`, `-d x`, `-dx`, `-sSd x`. */
function readOption(draft: Draft, word: string, next: () => string | undefined): void {
  if (word.startsWith('--')) {
    const [name = '', inline] = word.split(/=(.*)/s)
    if (!isKnown(name)) throw new NotCurl(`${quote(name)} is not understood`)
    apply(draft, name, inline ?? (takesValue(name) ? next() : ''))
    return
  }
  for (let at = 1; at < word.length; at++) {
    const name = longNames[word[at] ?? '']
    if (name === undefined) throw new NotCurl(`${quote(`-${word[at]}`)} is not understood`)
    if (!takesValue(name)) {
      apply(draft, name, '')
      continue
    }
    const inline = word.slice(at + 1)
    apply(draft, name, inline === '' ? next() : inline)
    return
  }
}

function apply(draft: Draft, name: string, value: string | undefined): void {
  if (value === undefined) throw new NotCurl(`${name} has no value`)
  if (name === '--insecure') draft.insecure = true
  options[name]?.(draft, value)
}

const isKnown = (name: string): boolean => Object.hasOwn(options, name) || switches.has(name) || ignored.has(name)
const takesValue = (name: string): boolean => Object.hasOwn(options, name) || ignored.has(name)

const data: Option = (draft, value) => {
  // curl would read a file; a text that was pasted from somewhere must not choose which.
  if (value.startsWith('@'))
    throw new NotCurl(`it sends the file ${quote(value.slice(1))}: write its content into the command`)
  draft.data.push(value)
}

/** What has a value, and a meaning here. */
const options: { readonly [name: string]: Option } = {
  '--url': setUrl,
  '--request': (draft, value) => (draft.method = value),
  '--header': setHeader,
  '--user-agent': (draft, value) => setHeader(draft, `user-agent: ${value}`),
  '--referer': (draft, value) => setHeader(draft, `referer: ${value}`),
  '--cookie': (draft, value) => setHeader(draft, `cookie: ${value}`),
  '--user': (draft, value) => setHeader(draft, `authorization: Basic ${Buffer.from(value).toString('base64')}`),
  '--oauth2-bearer': (draft, value) => setHeader(draft, `authorization: Bearer ${value}`),
  '--data': data,
  '--data-ascii': data,
  '--data-binary': data,
  '--data-raw': (draft, value) => draft.data.push(value),
  '--json'(draft, value) {
    data(draft, value)
    setHeader(draft, 'content-type: application/json')
  },
}

/** Without a value: what curl prints, and how it connects. */
const switches = new Set(
  '--insecure --no-buffer --silent --show-error --verbose --include --location --compressed --fail --fail-with-body --globoff --http1.1 --http2 --progress-bar'.split(
    ' ',
  ),
)

/** With a value, which says nothing about the request. */
const ignored = new Set('--output --max-time --connect-timeout --retry --write-out'.split(' '))

const longNames: { readonly [letter: string]: string } = {
  X: '--request',
  H: '--header',
  A: '--user-agent',
  e: '--referer',
  b: '--cookie',
  u: '--user',
  d: '--data',
  k: '--insecure',
  N: '--no-buffer',
  s: '--silent',
  S: '--show-error',
  v: '--verbose',
  i: '--include',
  L: '--location',
  f: '--fail',
  g: '--globoff',
  o: '--output',
  m: '--max-time',
  w: '--write-out',
}

function setUrl(draft: Draft, value: string): void {
  if (draft.url !== undefined) throw new NotCurl(`it asks two addresses: ${quote(value)} is the second`)
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new NotCurl(`${quote(value)} is no http URL`)
  draft.url = new URL(url).href
}

function setHeader(draft: Draft, value: string): void {
  const [, name = '', text = ''] =
    /^([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?::[ \t]*|;$)([\t\u0020-\u007E\u0080-\u00FF]*)$/.exec(value) ?? []
  // It is not shown: it may be a key.
  if (name === '') throw new NotCurl('a header is not as in "name: value"')
  // "name:" takes a header of curl's own away.
  if (text !== '' || value.endsWith(';')) draft.headers.set(name.toLowerCase(), text.trimEnd())
}

function requestOf({ method, url, headers, data: pieces, insecure }: Draft): CurlRequest {
  if (url === undefined) throw new NotCurl('it names no address')
  const { username, password } = new URL(url)
  if (username !== '' || password !== '') throw new NotCurl('the address holds a name or a password: use -u')
  const body = pieces.length === 0 ? undefined : pieces.join('&')
  if (body !== undefined && !headers.has('content-type'))
    headers.set('content-type', 'application/x-www-form-urlencoded')
  const used = method ?? (body === undefined ? 'GET' : 'POST')
  if (!/^[A-Za-z]{1,20}$/.test(used)) throw new NotCurl(`${quote(used)} is no method`)
  return { method: used.toUpperCase(), url, headers: Object.fromEntries(headers), body, insecure }
}
