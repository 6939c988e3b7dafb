import { Agent, createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import cors from '@fastify/cors'
import { serve } from '@hono/node-server'
import compression from 'compression'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, it } from 'vitest'
import {
  createChatHandler,
  pipeToServerResponse,
  toEventStreamResponse,
  toNodeListener,
  toRequest,
} from '../../src/index.ts'
import { describeHost, type Host, type HostApp } from './describe-host.ts'
import { fetchClient, http2Client, httpClient } from './host-client.ts'
import { chunkOf } from './script.ts'

describeHost('node:http', async (app) => {
  const listener = toNodeListener(app.handler)
  const server = createServer((req, res) => {
    app.watch(res)
    if (req.url === '/direct') void pipe(app, res)
    else listener(req, res)
  })
  return hostOf(server)
})

describeHost('node:http2', async (app) => {
  const listener = toNodeListener(app.handler)
  const server = createHttp2Server((req, res) => {
    app.watch(res)
    if (req.url === '/direct') void pipe(app, res)
    else listener(req, res)
  })
  return { ...(await hostOf(server)), client: http2Client(portOf(server)) }
})

describeHost('Express', async (app) => {
  const routes = express()
  routes.use((_req, res, next) => {
    app.watch(res)
    next()
  })
  routes.use('/v1', toNodeListener(app.handler))
  routes.post('/direct', async (_req, res) => {
    await pipe(app, res)
  })
  return hostOf(createServer(routes))
})

describeHost('Express behind compression() and express.json()', async (app) => {
  const routes = express()
  routes.use(compression())
  routes.use((req, res, next) => {
    app.watch(res)
    // A parser answers what it cannot read in its own way: only what it can read is for it.
    if (req.url === '/direct') express.json()(req, res, next)
    else next()
  })
  routes.use('/v1', toNodeListener(app.handler))
  routes.post('/direct', async (_req, res) => {
    await pipe(app, res)
  })
  return hostOf(createServer(routes))
})

describeHost('Koa', async (app) => {
  const listener = toNodeListener(app.handler)
  const koa = new Koa()
  koa.use(async (context) => {
    const { req, res } = context
    app.watch(res)
    context.respond = false
    if (req.url === '/direct') await pipe(app, res)
    else listener(req, res)
  })
  const answer = koa.callback()
  return hostOf(createServer((req, res) => void answer(req, res)))
})

describeHost('Fastify with @fastify/cors', async (app) => {
  const routes = fastify()
  await routes.register(cors, { origin: 'https://example.com' })
  // The handler reads the body itself, with a limit of its own.
  routes.removeAllContentTypeParsers()
  routes.addContentTypeParser('*', (_request, _payload, done) => done(null))
  routes.all('/v1/*', async (request, reply) => reply.send(await app.handler(toRequest(request.raw, reply.raw))))
  routes.post('/direct', (_request, reply) => {
    const { chunks, init } = app.direct()
    return reply.send(toEventStreamResponse(chunks, init))
  })
  await routes.listen({ host: '127.0.0.1', port: 0 })
  return { client: httpClient(portOf(routes.server)), tells: 'event', close: () => closeServer(routes.server) }
})

describeHost('Hono on @hono/node-server', async (app) => {
  const routes = new Hono()
  routes.all('/v1/*', (context) => app.handler(context.req.raw))
  routes.post('/direct', () => {
    const { chunks, init } = app.direct()
    return toEventStreamResponse(chunks, init)
  })
  const server = await new Promise<Server>((resolve) => {
    const started: unknown = serve({ fetch: routes.fetch, hostname: '127.0.0.1', port: 0 }, () =>
      resolve(started as Server),
    )
  })
  return { client: httpClient(portOf(server)), tells: 'event', close: () => closeServer(server) }
})

describeHost('a host that takes the handler as it is', async (app) => {
  const client = fetchClient(async (request) => {
    if (!request.url.endsWith('/direct')) return app.handler(request)
    const { chunks, init } = app.direct()
    return toEventStreamResponse(chunks, init)
  })
  return { client, tells: 'event', close: async () => {} }
})

describe('beside what hosts do themselves', () => {
  const question = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true }
  const handler = createChatHandler({
    open: ({ messages }) => [chunkOf({ content: JSON.stringify(messages) }, 'stop')],
  })
  const expected = [
    `data: ${JSON.stringify(chunkOf({ content: JSON.stringify(question.messages) }, 'stop'))}`,
    'data: [DONE]',
  ]

  it('reads what express.json() has read before', async () => {
    const host = await hostOf(createServer(express().use(express.json()).use('/v1', toNodeListener(handler))))
    const answer = await host.client({ path: '/v1/chat/completions', body: question })
    expect(await answer.rest()).toEqual(expected)
    await host.close()
  })

  it('leaves the connection usable after a body that was not read', async () => {
    const server = createServer(
      toNodeListener(createChatHandler({ open: () => [chunkOf({}, 'stop')], maxBodyBytes: 1000 })),
    )
    const host = await hostOf(server)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const long = { ...question, padding: 'x'.repeat(2_000_000) }
    const statuses = []
    for (const body of [long, question, long, question])
      statuses.push((await host.client({ path: '/v1/chat/completions', body, agent })).status)
    expect(statuses).toEqual([413, 200, 413, 200])
    agent.destroy()
    await host.close()
  })

  it.for(['a/v1/chat/completions?', 'a?', 'a#', String.raw`a\b`, 'ann:secret@a', 'a:99999'])(
    'refuses a Host that is more than a host, which would say where a request goes: %s',
    async (name) => {
      const host = await hostOf(createServer(toNodeListener(handler)))
      const ask = async (method: string) =>
        (await host.client({ method, path: '/v1/models', headers: { host: name }, body: question })).status
      expect([await ask('POST'), await ask('GET')]).toEqual([400, 400])
      await host.close()
    },
  )

  it('keeps the headers of @fastify/cors', async () => {
    const routes = fastify()
    await routes.register(cors, { origin: 'https://example.com' })
    routes.post('/direct', (_request, reply) => reply.send(toEventStreamResponse([chunkOf({}, 'stop')])))
    await routes.listen({ host: '127.0.0.1', port: 0 })
    const answer = await httpClient(portOf(routes.server))({
      path: '/direct',
      headers: { origin: 'https://example.com' },
    })
    expect(answer.headers['access-control-allow-origin']).toBe('https://example.com')
    await closeServer(routes.server)
  })
})

async function pipe(app: HostApp, res: Parameters<typeof pipeToServerResponse>[1]): Promise<void> {
  const { chunks, init } = app.direct()
  await pipeToServerResponse(chunks, res, init)
}

async function hostOf(server: Server): Promise<Host> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { client: httpClient(portOf(server)), tells: 'status', close: () => closeServer(server) }
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') server.closeAllConnections()
  await closed
}
