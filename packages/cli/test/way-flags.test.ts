import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { commands } from '../src/commands/table.ts'
import { exitCode } from '../src/exit-code.ts'
import { asking } from './asking.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli } from './run-cli.ts'
import { selfSigned } from './self-signed.ts'
import { serving } from './serving.ts'
import { tempHome } from './temp-home.ts'

const home = tempHome()
const answer = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'ok' }, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`

let plain: Server
let secure: NetServer
let proxy: Server
/** What each of them was asked. */
const asked: Record<'plain' | 'proxy' | 'secure', string[]> = { plain: [], proxy: [], secure: [] }

function respondAs(name: keyof typeof asked) {
  return (request: IncomingMessage, response: ServerResponse) => {
    asked[name].push(request.url ?? '')
    request.resume()
    request.once('end', () => {
      if (request.url?.endsWith('/models') === true) {
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"list","data":[{"id":"m"}]}')
      } else response.writeHead(200, { 'content-type': 'text/event-stream' }).end(answer)
    })
  }
}

beforeAll(async () => {
  plain = createServer(respondAs('plain'))
  secure = createSecureServer(selfSigned, respondAs('secure'))
  proxy = createServer(respondAs('proxy'))
  for (const server of [plain, secure, proxy]) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
})
beforeEach(() => {
  for (const list of Object.values(asked)) list.length = 0
})
afterAll(() => {
  for (const server of [plain, secure, proxy]) server.close()
})

const at = (server: NetServer, scheme = 'http', host = '127.0.0.1') =>
  `${scheme}://${host}:${(server.address() as AddressInfo).port}`

/** How a command ends that asks there; the playground answers its page, and ends by Ctrl-C. */
async function askedBy(name: string, baseURL: string, flags: readonly string[], more: Record<string, string> = {}) {
  const env = { OPENAI_API_KEY: 'sk-0123456789', DELTAWIRE_MODEL: 'm', ...more }
  const given = ['--base-url', `${baseURL}/v1`, ...flags]
  if (name !== 'playground') {
    const options = { env, stdin: 'Hi\n', clock: createFakeClock() }
    return (await runCli([...(asking[name] ?? []), ...given], options)).code
  }
  let code: number = exitCode.complete
  const use = async (url: string) => {
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true })
    const response = await fetch(`${url}v1/chat/completions`, { method: 'POST', body })
    if (!(await response.text()).includes('"ok"')) code = exitCode.network
  }
  const result = await serving(['playground', '--retries', '0', ...given], use, { env })
  return result.code === exitCode.complete ? code : result.code
}

const names = [...Object.keys(asking), 'playground']

/** Where it is no failure of the network that nobody is trusted: bench counts it, doctor finds it. */
const refusals: Readonly<Record<string, number>> = { bench: exitCode.broken, doctor: exitCode.findings }

describe('the way to an endpoint', () => {
  test.each(['http-proxy', 'ca', 'insecure'])('can be said by --%s to every command that asks', (flag) => {
    const having = commands.filter(({ flags }) => Object.hasOwn(flags, flag)).map(({ name }) => name)
    expect(having.toSorted()).toEqual(names.toSorted())
  })

  test.each(names)('leads through the proxy of --http-proxy, or past every other with none, by %s', async (name) => {
    expect(await askedBy(name, 'http://nowhere.example', ['--http-proxy', at(proxy)])).toBe(0)
    expect(asked.proxy.length).toBeGreaterThan(0)
    expect(asked.proxy.every((url) => url.startsWith('http://nowhere.example/v1/'))).toBe(true)
    const elsewhere = { HTTP_PROXY: 'http://127.0.0.1:9' }
    expect(await askedBy(name, at(plain), ['--http-proxy', 'none'], elsewhere)).toBe(0)
    expect(asked.plain.length).toBeGreaterThan(0)
    expect(await askedBy(name, at(plain), ['--http-proxy', 'socks5://x'])).toBe(exitCode.configuration)
  })

  test.each(names)('trusts the certificate of --ca, any with --insecure, and otherwise none, by %s', async (name) => {
    const url = at(secure, 'https', 'localhost')
    const ca = home.write('ca.pem', selfSigned.cert)
    // Our own way of sending, as in the other two: what is trusted is all that differs.
    expect(await askedBy(name, url, [], { HTTP_PROXY: at(proxy) })).toBe(refusals[name] ?? exitCode.network)
    expect(asked.secure).toEqual([])
    for (const flags of [['--ca', ca], ['--insecure']]) {
      asked.secure.length = 0
      expect(await askedBy(name, url, flags)).toBe(0)
      expect(asked.secure.length).toBeGreaterThan(0)
    }
    expect(await askedBy(name, url, ['--ca', '/no/such/file'])).toBe(exitCode.configuration)
  })
})
