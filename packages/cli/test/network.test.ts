import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { networkInterfaces } from 'node:os'
import { connect, type AddressInfo, type Server as NetServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { proxyFor } from '../src/network/network-fetch.ts'
import { runCli, type CliOptions } from './run-cli.ts'
import { selfSigned } from './self-signed.ts'
import { tempHome } from './temp-home.ts'

const home = tempHome()
const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
const answer = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'ok' }, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`

let plain: Server
let secure: NetServer
let proxy: Server
/** What went through the proxy. */
const passed: { method: string; target: string; authorization: string | undefined }[] = []

beforeAll(async () => {
  const respond = (request: IncomingMessage, response: ServerResponse) => {
    request.resume()
    request.once('end', () => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(answer))
  }
  plain = createServer(respond)
  secure = createSecureServer(selfSigned, respond)
  proxy = createServer((request, response) => {
    note(request)
    respond(request, response)
  })
  proxy.on('connect', (request: IncomingMessage, socket) => {
    note(request)
    if (request.headers['proxy-authorization'] === undefined) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      return
    }
    const [host = '', port] = (request.url ?? '').split(':')
    const through = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      through.pipe(socket).pipe(through)
    })
    through.on('error', () => socket.destroy())
    socket.on('error', () => through.destroy())
  })
  for (const server of [plain, secure, proxy]) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
})
afterAll(() => {
  for (const server of [plain, secure, proxy]) server.close()
})

function note({ method = '', url = '', headers }: IncomingMessage) {
  passed.push({ method, target: url, authorization: headers['proxy-authorization'] })
}

const portOf = (server: NetServer) => (server.address() as AddressInfo).port
const at = (server: NetServer, scheme = 'http', host = '127.0.0.1') => `${scheme}://${host}:${portOf(server)}`

function ask(baseURL: string, argv: readonly string[], env: Record<string, string> = {}, options: CliOptions = {}) {
  passed.length = 0
  return runCli(['--no-store', '-m', 'm', '--base-url', `${baseURL}/v1`, '--retries', '0', ...argv, 'hi'], {
    ...options,
    env: { OPENAI_API_KEY: 'sk-0123456789', ...env },
  })
}

describe('a proxy', () => {
  test('gets requests for plain addresses whole', async () => {
    const { code, stdout } = await ask('http://nowhere.example', ['--http-proxy', at(proxy)])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ok' })
    expect(passed).toEqual([
      { method: 'POST', target: 'http://nowhere.example/v1/chat/completions', authorization: undefined },
    ])
    expect((await ask('http://nowhere.example', [], { HTTP_PROXY: at(proxy) })).stdout).toBe('ok')
    expect(passed).toHaveLength(1)
  })

  test('makes a tunnel for the others, with its name and password', async () => {
    const named = at(proxy).replace('//', '//me:p%40ss@')
    const { code, stdout, stderr } = await ask(at(secure, 'https', 'localhost'), ['--insecure', '--http-proxy', named])
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'ok', stderr: '' })
    expect(passed).toEqual([
      {
        method: 'CONNECT',
        target: `localhost:${portOf(secure)}`,
        authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
      },
    ])
    expect((await ask(at(secure, 'https', 'localhost'), ['--insecure'], { HTTPS_PROXY: at(proxy) })).code).toBe(6)
  })

  test.runIf(hasIPv6)('may be one of IPv6', async () => {
    const other = createServer((request, response) => {
      note(request)
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(answer)
    })
    other.listen(0, '::1')
    await once(other, 'listening')
    const { code, stdout } = await ask('http://nowhere.example', ['--http-proxy', at(other, 'http', '[::1]')])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ok' })
    expect(passed.map(({ target }) => target)).toEqual(['http://nowhere.example/v1/chat/completions'])
    other.close()
  })

  test('makes a tunnel to an address, for which no name is asked', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error) => void warnings.push(warning)
    process.on('warning', onWarning)
    const named = at(proxy).replace('//', '//me:x@')
    const ca = home.write('ca.pem', selfSigned.cert)
    const { code, stdout } = await ask(at(secure, 'https'), ['--ca', ca, '--http-proxy', named])
    // A warning is given in the turn after.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect({ code, stdout, warnings }).toEqual({ code: 0, stdout: 'ok', warnings: [] })
  })

  test('is passed by where the environment says so', async () => {
    const env = { HTTP_PROXY: 'http://127.0.0.1:1' }
    expect((await ask(at(plain), [], env)).code).toBe(6)
    expect((await ask(at(plain), [], { ...env, NO_PROXY: 'a.example, 127.0.0.1' })).code).toBe(0)
    expect((await ask(at(plain), ['--http-proxy', 'none'], env)).code).toBe(0)
    expect(await ask(at(plain), ['--http-proxy', 'socks5://x'])).toMatchObject({ code: 3 })
  })

  test.each<[string, Record<string, string>, string | undefined]>([
    ['https://a.example', { HTTPS_PROXY: 'http://p' }, 'http://p/'],
    ['https://a.example', { https_proxy: 'p:1' }, 'http://p:1/'],
    ['https://a.example', { HTTP_PROXY: 'http://p' }, undefined],
    ['http://a.example', { ALL_PROXY: 'http://p' }, 'http://p/'],
    ['https://x.a.example', { HTTPS_PROXY: 'http://p', NO_PROXY: '.a.example' }, undefined],
    ['https://ba.example', { HTTPS_PROXY: 'http://p', NO_PROXY: 'a.example' }, 'http://p/'],
    ['https://a.example:8443', { HTTPS_PROXY: 'http://p', NO_PROXY: 'a.example:443' }, 'http://p/'],
    ['https://a.example', { HTTPS_PROXY: 'http://p', no_proxy: '*' }, undefined],
    ['https://a.example', { HTTPS_PROXY: 'http://p', NO_PROXY: 'a.example:443' }, undefined],
    ['https://A.example', { HTTPS_PROXY: 'http://p', NO_PROXY: 'a.EXAMPLE.' }, undefined],
    ['http://10.1.2.3:8080', { HTTP_PROXY: 'http://p', NO_PROXY: '10.0.0.0/8' }, undefined],
    ['http://10.1.2.3:8080', { HTTP_PROXY: 'http://p', NO_PROXY: '10.1.2.1-10.1.2.9:8080' }, undefined],
    ['http://11.1.2.3', { HTTP_PROXY: 'http://p', NO_PROXY: '10.0.0.0/8' }, 'http://p/'],
    ['http://[fd00::1]', { HTTP_PROXY: 'http://p', NO_PROXY: 'fd00::/8' }, undefined],
  ])('for %s with %j is %s', (url, env, expected) => {
    expect(proxyFor(new URL(url), undefined, env)?.href).toBe(expected)
  })
})

describe('a certificate', () => {
  test('is trusted when it is named, or any is', async () => {
    const url = at(secure, 'https', 'localhost')
    const ca = home.write('ca.pem', selfSigned.cert)
    expect((await ask(url, ['--http-proxy', 'none'])).code).toBe(6)
    expect((await ask(url, ['--ca', ca])).stdout).toBe('ok')
    expect((await ask(url, ['--insecure'])).stdout).toBe('ok')
    expect((await ask(url, ['--ca', '/no/such/file'])).code).toBe(3)
  })
})

describe('a server', () => {
  test('that breaks off, or is left, is no fault of ours', async () => {
    const breaking = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(answer.slice(0, 30), () => response.destroy())
    })
    breaking.listen(0, '127.0.0.1')
    await once(breaking, 'listening')
    expect((await ask(at(breaking), ['--http-proxy', 'none', '--insecure'])).code).toBe(7)
    breaking.close()
    const gone = new AbortController()
    const silent = createServer(() => gone.abort(new Error('stopped')))
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    expect((await ask(at(silent), ['--insecure'], {}, { signal: gone.signal })).code).toBe(1)
    silent.closeAllConnections()
    silent.close()
  })
})
