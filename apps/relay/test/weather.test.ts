import { describeWithProgram } from '@deltawire/testkit/describe'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReaderLog, judge, noFaults } from './support/judge.ts'
import { startRedis, type RedisServer } from '@deltawire/testkit/redis'
import { createTruth } from './support/truth.ts'
import { type Figures, harmOf, noFigures, runWeather } from './support/weather.ts'

/** More of them: `DELTAWIRE_RELAY_RUNS=30 npm run test:world -- --project relay weather`, as for `docs/reliability.md`. */
const runs = Number(process.env['DELTAWIRE_RELAY_RUNS'] ?? 1)
const firstSeed = Number(process.env['DELTAWIRE_SEED'] ?? 1)

describeWithProgram('redis', 'a relay in bad weather', (program) => {
  const figures: Figures = noFigures()
  let redis: RedisServer

  beforeAll(async () => {
    redis = await startRedis(program)
  })
  afterAll(async () => {
    await redis.close()
    console.info(`${runs} runs: ${JSON.stringify(figures)}`)
  })

  it.each(Array.from({ length: runs }, (_, at) => firstSeed + at))(
    'harms no answer (seed %i)',
    async (seed) => {
      const before = harmOf(figures)
      await runWeather(seed, redis, figures)
      expect(harmOf(figures)).toEqual(before)
      expect(figures.cuts).toBeGreaterThan(0)
    },
    180_000,
  )
})

describe('the judge', () => {
  const positionOf = (o: number) => ({ e: 'e1', o })

  /** A reader that has all of an answer, chunk by chunk, after somebody has changed what it got. */
  async function logOf(change: (entries: ReturnType<typeof createReaderLog>['entries']) => void) {
    const truth = await createTruth(5, 20)
    const log = createReaderLog('somebody')
    log.end = 'done'
    for (const { bytes } of truth.recording.events) {
      const [, data = ''] = /^data: (\{.*)$/m.exec(new TextDecoder().decode(bytes)) ?? []
      if (data !== '')
        log.entries.push({
          chunk: JSON.parse(data),
          replaces: false,
          position: positionOf(log.entries.length + 1),
          at: 0,
        })
    }
    change(log.entries)
    const faults = noFaults()
    judge(log, truth, faults)
    return faults
  }

  it('finds nothing where nothing is wrong', async () => {
    expect(await logOf(() => {})).toEqual(noFaults())
  })

  it('finds what is missing, double, out of order, of elsewhere, or without an end', async () => {
    expect((await logOf((entries) => entries.splice(7, 1))).losses).toBeGreaterThan(0)
    expect((await logOf((entries) => entries.pop())).losses).toBe(1)
    const doubled = await logOf((entries) => entries.splice(7, 0, ...entries.slice(6, 7)))
    expect([doubled.duplicates, doubled.mixed > 0]).toEqual([1, true])
    expect((await logOf((entries) => entries.splice(6, 2, ...entries.slice(6, 8).toReversed()))).reorders).toBe(1)
    const truth = await createTruth(6, 20)
    const log = createReaderLog('somebody')
    expect(judge(log, truth, noFaults())).toBe(0)
    const faults = noFaults()
    judge(log, truth, faults)
    expect(faults.endless).toBe(1)
  })
})
