import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { proxyOf } from '../../src/environment-fetch.ts'
import { streamChatCompletion } from '../../src/index.ts'
import { type ByteServer, chunked, event, eventsOf, head, piece, question, serveBytes, stream } from './byte-server.ts'
import { startProxy } from './connect-proxy.ts'

let server: ByteServer
let proxy: Awaited<ReturnType<typeof startProxy>>

beforeAll(async () => {
  server = await serveBytes((socket) => stream(socket, eventsOf('Hi')))
})
beforeEach(async () => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'])
    vi.stubEnv(name, undefined)
  proxy = await startProxy(server.baseURL)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  vi.doUnmock('undici')
  vi.resetModules()
  await proxy.close()
})
afterAll(() => server.close())

/** No name that ends so is ever found without the proxy. */
const baseURL = 'http://chat.invalid/v1'

describe('a proxy of the environment', () => {
  it('is asked for a server, and the answer streams through it', async () => {
    vi.stubEnv('HTTP_PROXY', proxy.url)
    const answer = streamChatCompletion(question, { baseURL, apiKey: 'sk-1' })
    expect(await answer.text()).toBe('Hi')
    expect(answer.headers?.get('content-type')).toBe('text/event-stream')
    expect(proxy.asked.map(({ host }) => host)).toEqual(['chat.invalid:80'])
    expect(server.requests.at(-1)?.headers).toMatchObject({ host: 'chat.invalid', authorization: 'Bearer sk-1' })
  })

  it('is asked for https too, and gets the password that its address holds', async () => {
    // What is behind this proxy speaks no TLS.
    const closing = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await once(closing, 'listening')
    const other = await startProxy(`http://127.0.0.1:${(closing.address() as AddressInfo).port}`)
    vi.stubEnv('HTTPS_PROXY', other.url.replace('//', '//ann:secret@'))
    const answer = streamChatCompletion(question, { baseURL: 'https://chat.invalid/v1', maxRetries: 0 })
    await expect(answer.text()).rejects.toMatchObject({ code: 'connect_failed' })
    const authorization = `Basic ${Buffer.from('ann:secret').toString('base64')}`
    expect(other.asked).toEqual([{ host: 'chat.invalid:443', authorization }])
    closing.close()
    await other.close()
  })

  it('is left when the answer is, and the connection to the server with it', async () => {
    await using slow = await serveBytes((socket) => {
      socket.write(head('200 OK', chunked))
      socket.write(piece(event({ content: 'Hi' })))
    })
    const other = await startProxy(slow.baseURL)
    vi.stubEnv('HTTP_PROXY', other.url)
    for await (const _chunk of streamChatCompletion(question, { baseURL })) break
    await vi.waitFor(() => expect(slow.open).toBe(0))
    await other.close()
  })

  it('is not asked for a server that NO_PROXY lists, nor for one on this machine', async () => {
    vi.stubEnv('HTTP_PROXY', proxy.url)
    expect(await streamChatCompletion(question, { baseURL: server.baseURL }).text()).toBe('Hi')
    vi.stubEnv('NO_PROXY', 'chat.invalid')
    const direct = streamChatCompletion(question, { baseURL, maxRetries: 0 })
    await expect(direct.text()).rejects.toMatchObject({ code: 'connect_failed' })
    expect(proxy.asked).toEqual([])
  })

  it('is not asked by a fetch of the caller, nor by one that has replaced the global one', async () => {
    vi.stubEnv('HTTP_PROXY', proxy.url)
    const fetch = async () => new Response(eventsOf('mine').join(''))
    expect(await streamChatCompletion(question, { baseURL, fetch }).text()).toBe('mine')
    vi.stubGlobal('fetch', fetch)
    expect(await streamChatCompletion(question, { baseURL }).text()).toBe('mine')
    expect(proxy.asked).toEqual([])
  })

  it('that cannot be used is an error at once, not a direct connection, and shows no password', async () => {
    vi.doMock('undici', () => {
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    })
    vi.resetModules()
    const fresh = await import('../../src/index.ts')
    vi.stubEnv('HTTP_PROXY', 'http://ann:secret@127.0.0.1:9')
    const onRetry = vi.fn()
    const answer = fresh.streamChatCompletion(question, { baseURL, onRetry })
    const { error } = await answer.result()
    expect(error).toMatchObject({
      code: 'connect_failed',
      message: expect.stringMatching(/127\.0\.0\.1:9.*npm install undici/),
    })
    expect(error?.message).not.toContain('secret')
    expect(onRetry).not.toHaveBeenCalled()
  })
})

describe('proxyOf', () => {
  const http = 'http://p:1'
  const https = 'http://p:2'
  it.for<[string, Record<string, string>, string | undefined]>([
    ['http://a.test', {}, undefined],
    ['http://a.test', { HTTP_PROXY: http }, http],
    ['http://a.test', { HTTP_PROXY: '' }, undefined],
    ['http://a.test', { HTTP_PROXY: http, http_proxy: https }, https],
    ['http://a.test', { HTTPS_PROXY: https }, undefined],
    ['https://a.test', { HTTPS_PROXY: https, HTTP_PROXY: http }, https],
    ['https://a.test', { HTTP_PROXY: http }, http],
    ['http://a.test', { HTTP_PROXY: http, NO_PROXY: '*' }, undefined],
    ['http://a.test', { HTTP_PROXY: http, NO_PROXY: 'b.test, A.test' }, undefined],
    ['http://x.a.test', { HTTP_PROXY: http, NO_PROXY: 'a.test' }, undefined],
    ['http://x.a.test', { HTTP_PROXY: http, NO_PROXY: '.a.test' }, undefined],
    ['http://x.a.test', { HTTP_PROXY: http, NO_PROXY: '*.a.test' }, undefined],
    ['http://xa.test', { HTTP_PROXY: http, NO_PROXY: 'a.test' }, http],
    ['http://a.test:8080', { HTTP_PROXY: http, NO_PROXY: 'a.test:8080' }, undefined],
    ['http://a.test', { HTTP_PROXY: http, NO_PROXY: 'a.test:80' }, undefined],
    ['https://a.test', { HTTP_PROXY: http, NO_PROXY: 'a.test:80' }, http],
    ['http://a.test.', { HTTP_PROXY: http, NO_PROXY: 'a.test' }, undefined],
    ['http://a.test', { HTTP_PROXY: http, NO_PROXY: 'a.test.' }, undefined],
    ['http://[fd00::1]:8080', { HTTP_PROXY: http, NO_PROXY: 'fd00::1' }, undefined],
    ['http://[fd00::1]', { HTTP_PROXY: http, NO_PROXY: 'fd00:0::1' }, undefined],
    ['http://[fd00::1]:8080', { HTTP_PROXY: http, NO_PROXY: '[fd00::1]:8080' }, undefined],
    ['http://[fd00::1]:8081', { HTTP_PROXY: http, NO_PROXY: '[fd00::1]:8080' }, http],
    ['http://[fd00::2]', { HTTP_PROXY: http, NO_PROXY: 'fd00::1' }, http],
    ['http://[fd00::2]', { HTTP_PROXY: http, NO_PROXY: 'fd00::/8' }, undefined],
    ['http://10.1.2.3', { HTTP_PROXY: http, NO_PROXY: '10.0.0.0/8' }, undefined],
    ['http://11.1.2.3', { HTTP_PROXY: http, NO_PROXY: '10.0.0.0/8' }, http],
    ['http://10.1.2.3', { HTTP_PROXY: http, NO_PROXY: '10.1.2.1-10.1.2.9' }, undefined],
    ['http://10.1.2.10', { HTTP_PROXY: http, NO_PROXY: '10.1.2.1-10.1.2.9' }, http],
    ['http://10.1.2.3', { HTTP_PROXY: http, NO_PROXY: '10.0.0.0/99,10.9.9.9-10.1.1.1,a-b,/,-,fd00::/8' }, http],
    ['http://a-b.test', { HTTP_PROXY: http, NO_PROXY: 'a-b.test' }, undefined],
    ['http://a.test', { HTTP_PROXY: http, NO_PROXY: 'b.test', no_proxy: 'a.test' }, undefined],
    ['http://localhost:1', { HTTP_PROXY: http }, undefined],
    ['http://127.0.0.1:1', { HTTP_PROXY: http }, undefined],
    ['http://[::1]:1', { HTTP_PROXY: http }, undefined],
    ['http://127.0.0.1.test', { HTTP_PROXY: http }, http],
  ])('for %s with %j is %s', ([url, env, expected]) => {
    expect(proxyOf(new URL(url), env)).toBe(expected)
  })
})

describe('a Node.js that was told to use proxies', () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const canItself = major >= 24 || (major === 22 && minor >= 21)

  it.skipIf(!canItself)('is left to do it itself', { timeout: 30_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'deltawire-proxy-'))
    try {
      const outfile = join(folder, 'ask.mjs')
      await build({
        stdin: {
          contents: `import { streamChatCompletion } from './index.ts'
            console.log(await streamChatCompletion({ model: 'm', messages: [] }, { baseURL: '${baseURL}' }).text())`,
          resolveDir: fileURLToPath(new URL('../../src', import.meta.url)),
        },
        outfile,
        bundle: true,
        platform: 'node',
        format: 'esm',
        conditions: ['@deltawire/source'],
        // Neither is there: it would be an error if it were asked for.
        external: ['gpt-tokenizer/*', 'undici'],
        logLevel: 'error',
      })
      const env = { ...process.env, HTTP_PROXY: proxy.url, NODE_USE_ENV_PROXY: '1' }
      const child = spawn(process.execPath, [outfile], { env, stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      for await (const text of child.stdout.setEncoding('utf8')) said += String(text)
      expect(said).toBe('Hi\n')
      expect(proxy.asked.map(({ host }) => host)).toEqual(['chat.invalid:80'])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
