import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { createRedisEngine } from '../../src/redis/index.ts'
import { describeEngine } from '../describe-engine.ts'
import { type RedisServer, startRedis } from '@deltawire/testkit/redis'

describeWithProgram('redis', 'the Redis engine', (program) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis(program, { keepsData: false })
  })
  afterAll(() => server.close())

  describeEngine('the Redis engine', {
    // Time passes by waiting: the clock of the store counts, and that can not be set.
    times: { leaseMs: 400, liveTtlMs: 60_000, endedTtlMs: 300, keyTtlMs: 60_000 },
    async create(times) {
      const options = { redis: server.url, prefix: `${randomUUID()}:`, watchMs: 50, ...times }
      const engine = createRedisEngine(options)
      const other = createRedisEngine(options)
      // Connected: until then it is not known whether the store is reached.
      await Promise.all([engine.list('all', 1), other.list('all', 1)])
      return {
        engine,
        other,
        pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        async lose(id) {
          await server.admin.del(...['s', 'l', 'f'].map((kind) => `${options.prefix}${kind}:${id}`))
        },
        async close() {
          await engine.close()
          await other.close()
        },
      }
    },
  })
})
