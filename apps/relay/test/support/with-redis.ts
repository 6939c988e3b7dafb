import { type RedisServer, startRedis } from '@deltawire/testkit/redis'
import { afterAll, afterEach, beforeAll } from 'vitest'

/** A store for the tests of one group, and what each of them opens: it is closed after the test, the last first. */
export function withRedis(program: string) {
  let redis: RedisServer | undefined
  const opened: (() => unknown)[] = []
  beforeAll(async () => {
    redis = await startRedis(program)
  })
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close()
  })
  afterAll(() => redis?.close())
  return {
    opened,
    get redis(): RedisServer {
      if (redis === undefined) throw new Error('the store starts with the first test')
      return redis
    },
  }
}
