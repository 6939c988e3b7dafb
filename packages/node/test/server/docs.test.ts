import { runSnippet, snippetsOf, typeErrorsOf } from '@deltawire/testkit/guide'
import { readFile } from 'node:fs/promises'
import * as http from 'node:http'
import { type AddressInfo, Server } from 'node:net'
import * as honoServer from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import * as hono from 'hono'
import Koa from 'koa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import * as node from '../../src/index.ts'
import { httpClient } from './host-client.ts'
import { shortAnswer } from './script.ts'

const guide = await readFile(new URL('../../../../docs/server.md', import.meta.url), 'utf8')
const snippets = snippetsOf(guide)
const snippet = (title: string): string => {
  const found = snippets.find((one) => one.title === title)
  if (found === undefined) throw new Error(`no snippet under ${title}`)
  return found.code
}

const modules = {
  '@deltawire/node': node,
  '@hono/node-server': honoServer,
  'node:http': http,
  express: { default: express },
  fastify: { default: fastify },
  hono,
  koa: { default: Koa },
}
const question = { model: 'small', messages: [{ role: 'user', content: 'Hi' }], stream: true }

let upstream: http.Server
let asked: http.IncomingMessage[]
let servers: Server[]

const portOf = (server: Server): number => (server.address() as AddressInfo).port

beforeAll(async () => {
  const answer = node.toNodeListener(node.createChatHandler({ open: () => shortAnswer }))
  upstream = http.createServer((req, res) => {
    asked.push(req)
    answer(req, res)
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
})
afterAll(() => void upstream.close())

beforeEach(() => {
  asked = []
  servers = []
  vi.stubEnv('UPSTREAM_KEY', 'upstream-key')
  vi.stubEnv('OUR_KEY', 'our-key')
  vi.stubEnv('OPENAI_API_KEY', 'environment-key')
  vi.stubEnv('OPENAI_BASE_URL', `http://127.0.0.1:${portOf(upstream)}/v1`)
  // What the guide puts on port 8080 gets a free port of the loopback here.
  const { listen } = Server.prototype
  vi.spyOn(Server.prototype, 'listen').mockImplementation(function listenSomewhere(this: Server, ...args: unknown[]) {
    servers.push(this)
    const callback = args.find((argument) => typeof argument === 'function') as (() => void) | undefined
    return listen.call(this, { host: '127.0.0.1', port: 0 }, callback)
  })
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  for (const server of servers) {
    if (server instanceof http.Server) server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** Runs the snippet and gives a client of the server that it starts. */
async function started(title: string) {
  const code = snippet(title).replaceAll('https://api.example.com', `http://127.0.0.1:${portOf(upstream)}`)
  await runSnippet(code, modules)
  const [server] = servers
  if (server === undefined) throw new Error('the snippet started no server')
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
  return httpClient(portOf(server))
}

const expectAnswer = (events: readonly string[]): void => {
  expect(events.at(-1)).toBe('data: [DONE]')
  expect(events.join('')).toContain('世界')
}

describe('the guide for servers', () => {
  it('has no snippet that is not tested here', () => {
    expect(snippets.map(({ title }) => title)).toEqual([
      'An OpenAI-compatible endpoint',
      'Express',
      'Koa',
      'Fastify',
      'Hono',
      'Next, Bun, Deno, Workers',
      'Chunks from anywhere',
      'One route of your own',
    ])
  })

  it('compiles', { timeout: 60_000 }, () => {
    expect(typeErrorsOf(snippets, new URL('.', import.meta.url))).toEqual([])
  })

  it('has an endpoint that hides its key and asks for its own', async () => {
    const client = await started('An OpenAI-compatible endpoint')
    const path = '/v1/chat/completions'
    const stranger = await client({ path, body: question })
    expect(stranger.status).toBe(401)
    expect(asked).toEqual([])
    const answer = await client({ path, body: question, headers: { authorization: 'Bearer our-key' } })
    expectAnswer(await answer.rest())
    expect(asked[0]?.headers.authorization).toBe('Bearer upstream-key')
  })

  it.each(['Express', 'Koa', 'Fastify', 'Hono'])('has an endpoint on %s', async (host) => {
    const client = await started(host)
    const answer = await client({ path: '/v1/chat/completions', body: question })
    expect(answer.status).toBe(200)
    expectAnswer(await answer.rest())
  })

  it('has a module for hosts that take the handler as it is', async () => {
    const code = snippet('Next, Bun, Deno, Workers').replaceAll(
      'https://api.example.com',
      `http://127.0.0.1:${portOf(upstream)}`,
    )
    const exported = await runSnippet(code, modules)
    const { fetch } = exported['default'] as { fetch: node.FetchHandler }
    const request = () =>
      new Request('http://127.0.0.1/v1/chat/completions', { method: 'POST', body: JSON.stringify(question) })
    for (const handler of [fetch, exported['POST'] as node.FetchHandler])
      expectAnswer((await (await handler(request())).text()).trim().split('\n\n'))
    expect(Object.keys(exported)).toEqual(['GET', 'POST', 'OPTIONS', 'default'])
  })

  it('counts the credit of a user', async () => {
    const client = await started('Chunks from anywhere')
    const statuses = []
    for (const user of ['ada', 'bob', 'ada', 'ada', 'ada'])
      statuses.push(
        (await client({ path: '/v1/chat/completions', body: question, headers: { 'x-user': user } })).status,
      )
    expect(statuses).toEqual([200, 402, 200, 200, 402])
  })

  it('has a route of its own, which refuses what it cannot read', async () => {
    const client = await started('One route of your own')
    expectAnswer(await (await client({ path: '/ask', body: question })).rest())
    const refused = await client({ path: '/ask', body: '{' })
    expect(refused.status).toBe(400)
    expect(JSON.parse(await refused.text())).toMatchObject({ error: { code: 'invalid_json' } })
  })
})
