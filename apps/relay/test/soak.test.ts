import { describeWithProgram } from '@deltawire/testkit/describe'
import { type RedisServer, startRedis } from '@deltawire/testkit/redis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { soak } from './support/soak.ts'

/** `DELTAWIRE_RELAY_SOAK_MINUTES=60 npx vitest run --config vitest.world.config.ts --project relay soak`. */
const minutes = Number(process.env['DELTAWIRE_RELAY_SOAK_MINUTES'] ?? 0.25)
const answersPerSecond = Number(process.env['DELTAWIRE_RELAY_SOAK_RATE'] ?? 5)

describeWithProgram('redis', 'a relay that goes on for long', (program) => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis(program)
  })
  afterAll(() => redis.close())

  it('loses nothing, whatever breaks every few seconds', { timeout: minutes * 60_000 + 120_000 }, async () => {
    const seed = Number(process.env['DELTAWIRE_SEED'] ?? 1)
    const figures = await soak({ redis, ms: minutes * 60_000, answersPerSecond, readersEach: 4, seed })
    console.info(`${minutes} minutes: ${JSON.stringify(figures)}`)
    const { losses, duplicates, reorders, mixed, endless, disagreements, askedAgain } = figures
    expect({ losses, duplicates, reorders, mixed, endless, disagreements, askedAgain }).toEqual({
      losses: 0,
      duplicates: 0,
      reorders: 0,
      mixed: 0,
      endless: 0,
      disagreements: 0,
      askedAgain: 0,
    })
    expect(figures.answers).toBeGreaterThan(0)
  })
})
