import type * as Http from 'node:http'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { Duplex } from 'node:stream'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import { isInNoProxy } from '@deltawire/node'
import { quote } from '../arguments/parse-arguments.ts'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Environment, Io } from '../io.ts'
import type { FetchThroughOptions } from './fetch-through.ts'

/** Node.js gives up connecting after this long by itself, where it is its own `fetch`. */
const connectMs = 10_000

interface Route {
  readonly proxy: URL | undefined
  readonly ca: readonly string[] | undefined
  readonly insecure: boolean
}

/**
 * A `fetch` for requests of ours that goes through a proxy and trusts other certificates: the one of Node.js 20 can do
 * neither. Redirections are not followed.
 */
export async function createNetworkFetch(
  { proxy, ca, insecure }: FetchThroughOptions,
  { env }: Pick<Io, 'env'>,
): Promise<typeof fetch> {
  // What is wrong with it is said before anything is sent.
  for (const scheme of ['http', 'https'])
    proxyFor(new URL(`${scheme}://localhost`), proxy, { ...env, NO_PROXY: '', no_proxy: '' })
  const certificates = ca === undefined ? undefined : await readCertificates(ca)
  return async (input, init) => {
    const request = new Request(input, init)
    const url = new URL(request.url)
    const route: Route = { proxy: proxyFor(url, proxy, env), ca: certificates, insecure }
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer())
    try {
      return toResponse(await send(url, request, body, route, request.signal), request.signal)
    } catch (cause) {
      request.signal.throwIfAborted()
      // As `fetch` itself says it, for who reads the cause.
      throw new TypeError('fetch failed', { cause })
    }
  }
}

async function readCertificates(path: string): Promise<string[]> {
  const { rootCertificates } = await import('node:tls')
  try {
    return [...rootCertificates, await readFile(path, 'utf8')]
  } catch (error) {
    throw new CliError(
      exitCode.configuration,
      `cannot read the certificates in ${quote(path)}: ${error instanceof Error ? error.message : ''}`,
    )
  }
}

/** The proxy for an address: the one that was given, otherwise the one of the environment. */
export function proxyFor(address: URL, given: string | undefined, env: Environment): URL | undefined {
  if (given === 'none') return undefined
  const variables =
    address.protocol === 'https:'
      ? ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy']
      : ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']
  const named = given ?? variables.map((name) => env[name]).find((value) => value !== undefined && value !== '')
  if (named === undefined) return undefined
  if (given === undefined && isInNoProxy(address, env)) return undefined
  const url = named.includes('://') ? named : `http://${named}`
  if (URL.canParse(url) && new URL(url).protocol === 'http:') return new URL(url)
  throw new CliError(exitCode.configuration, 'the proxy is no http URL', 'it looks like http://127.0.0.1:3128')
}

async function send(
  url: URL,
  request: Request,
  body: Buffer | undefined,
  route: Route,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const [http, https, tls] = await Promise.all([import('node:http'), import('node:https'), import('node:tls')])
  const isSecure = url.protocol === 'https:'
  const headers = {
    host: url.host,
    ...Object.fromEntries(request.headers),
    ...(body && { 'content-length': String(body.length) }),
  }
  const trust = { rejectUnauthorized: !route.insecure, ...(route.ca && { ca: [...route.ca] }) }
  const options: RequestOptions = { method: request.method, headers, signal }
  let call: ClientRequest
  if (route.proxy === undefined) {
    call = isSecure ? https.request(url, { ...options, ...trust }) : http.request(url, options)
  } else if (isSecure) {
    const socket = await tunnel(http, url, route.proxy, signal)
    const host = bare(url)
    // The certificate is for the address then, and RFC 6066 wants no address in the place of a name.
    const secured = tls.connect({ socket, host, ...(isIP(host) === 0 && { servername: host }), ...trust })
    call = https.request(url, { ...options, createConnection: () => secured })
  } else {
    call = http.request({
      ...options,
      host: bare(route.proxy),
      port: route.proxy.port || 80,
      path: url.href,
      headers: { ...headers, ...proxyAuthorization(route.proxy) },
    })
  }
  call.setTimeout(connectMs, () => {
    if (call.socket?.connecting === true)
      call.destroy(Object.assign(new Error(`no connection after ${connectMs} ms`), { code: 'ETIMEDOUT' }))
  })
  return new Promise((resolve, reject) => {
    call.once('response', resolve)
    call.once('error', reject)
    call.end(body)
  })
}

/** Without the brackets that an address of IPv6 has in a URL. */
const bare = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

/** A connection through a proxy that does not see into it (RFC 9110, CONNECT). */
function tunnel(
  { request }: Pick<typeof Http, 'request'>,
  { hostname, port }: URL,
  proxy: URL,
  signal: AbortSignal,
): Promise<Duplex> {
  const target = `${hostname}:${port || 443}`
  const call = request({
    method: 'CONNECT',
    host: bare(proxy),
    port: proxy.port || 80,
    path: target,
    headers: { host: target, ...proxyAuthorization(proxy) },
    signal,
  })
  return new Promise((resolve, reject) => {
    call.once('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) resolve(socket)
      else {
        socket.destroy()
        reject(Object.assign(new Error(`the proxy answered ${statusCode}`), { code: 'ECONNREFUSED' }))
      }
    })
    call.once('error', reject)
    call.end()
  })
}

function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` }
}

function toResponse(message: IncomingMessage, signal: AbortSignal): Response {
  const { statusCode = 0, headersDistinct } = message
  const headers = new Headers()
  for (const [name, values] of Object.entries(headersDistinct))
    for (const value of values ?? []) headers.append(name, value)
  const hasBody = statusCode !== 204 && statusCode !== 304
  const end = () => message.destroy(signal.reason as Error)
  signal.addEventListener('abort', end, { once: true })
  message.once('close', () => signal.removeEventListener('abort', end))
  // The two types of a web stream are one and the same at run time.
  return new Response(hasBody ? (Readable.toWeb(message) as ReadableStream<Uint8Array>) : null, {
    status: statusCode,
    headers,
  })
}
