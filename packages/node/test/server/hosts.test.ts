import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import cors from '@fastify/cors'
import { serve } from '@hono/node-server'
import compression from 'compression'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { pipeToServerResponse, toEventStreamResponse, toNodeListener, toRequest } from '../../src/index.ts'
import { describeHost, type Host, type HostApp } from './describe-host.ts'
import { fetchClient, http2Client, httpClient } from './host-client.ts'

describeHost('node:http', async (app) => {
  const listener = toNodeListener(app.handler)
  const server = createServer((req, res) => {
    app.watch(res)
    if (req.url === '/direct') void pipe(app, res)
    else void listener(req, res)
  })
  return hostOf(server)
})

describeHost('node:http2', async (app) => {
  const listener = toNodeListener(app.handler)
  const server = createHttp2Server((req, res) => {
    app.watch(res)
    if (req.url === '/direct') void pipe(app, res)
    else void listener(req, res)
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
    else await listener(req, res)
  })
  return hostOf(createServer(koa.callback()))
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
