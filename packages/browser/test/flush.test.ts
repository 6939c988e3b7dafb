import { describe, expect, it } from 'vitest'
import { createFlush, type FlushMode } from '../src/chat/flush.ts'
import { createManualEnvironment } from '../src/testing.ts'
import { settled } from './support/until.ts'

function setUp(mode: FlushMode, costMs = 0) {
  const environment = createManualEnvironment()
  let shown = 0
  const flush = createFlush(
    () => {
      shown++
      environment.advance(costMs)
    },
    mode,
    environment,
  )
  /** Lets a second pass with so many chunks in each of 60 frames, and counts what is shown. */
  async function second(perFrame: number): Promise<number> {
    const before = shown
    for (let frame = 0; frame < 60; frame++) {
      for (let at = 0; at < perFrame; at++) flush.request()
      environment.paint()
      // What showing costs is measured before time goes on.
      await settled()
      environment.advance(1_000 / 60)
      await settled()
    }
    return shown - before
  }
  return { environment, flush, second, shown: () => shown }
}

describe('what has arrived', () => {
  it('is shown at once the first time', async () => {
    const { flush, shown } = setUp('auto')
    flush.request()
    flush.request()
    expect(shown()).toBe(0)
    await settled()
    expect(shown()).toBe(1)
  })

  it('is shown with every frame, as long as that is cheap and not much', async () => {
    const { second } = setUp('auto')
    expect(await second(2)).toBeGreaterThan(55)
  })

  it.each([
    ['much arrives', 20, 0],
    ['showing it takes more than 4 ms', 2, 8],
  ])('is shown at most 20 times a second while %s', async (_why, perFrame, costMs) => {
    const { second } = setUp('auto', costMs)
    await second(perFrame)
    const times = await second(perFrame)
    expect(times).toBeGreaterThan(10)
    expect(times).toBeLessThanOrEqual(21)
  })

  it('is shown at most 10 times a second where that takes more than 16 ms, and more often when it does not any more', async () => {
    let costMs = 30
    const environment = createManualEnvironment()
    let shown = 0
    const flush = createFlush(
      () => {
        shown++
        environment.advance(costMs)
      },
      'auto',
      environment,
    )
    const second = async () => {
      const before = shown
      for (let at = 0; at < 100; at++) {
        flush.request()
        environment.paint()
        await settled()
        environment.advance(10)
        await settled()
      }
      return shown - before
    }
    await second()
    expect(await second()).toBeLessThanOrEqual(14)
    costMs = 0
    await second()
    expect(await second()).toBeGreaterThan(90)
  })

  it('is shown four times a second in a hidden page, which has no frames', async () => {
    const { environment, second, flush } = setUp('frame')
    flush.request()
    await settled()
    environment.isHidden = true
    const times = await second(2)
    expect(times).toBeGreaterThanOrEqual(3)
    expect(times).toBeLessThanOrEqual(5)
  })

  it('is shown also when the page is hidden before the frame comes', async () => {
    const { environment, flush, shown } = setUp('frame')
    flush.request()
    await settled()
    flush.request()
    environment.isHidden = true
    environment.advance(250)
    expect(shown()).toBe(2)
    expect(environment.timers).toBe(0)
  })

  it.each<[FlushMode, number, number]>([
    ['sync', 120, 120],
    ['frame', 59, 61],
    [100, 9, 11],
  ])('is shown as asked: %s', async (mode, least, most) => {
    const { second } = setUp(mode)
    const times = await second(2)
    expect(times).toBeGreaterThanOrEqual(least)
    expect(times).toBeLessThanOrEqual(most)
  })

  it('is not shown after cancel', async () => {
    const { environment, flush, shown } = setUp('frame')
    flush.request()
    flush.cancel()
    await settled()
    flush.request()
    environment.paint()
    environment.advance(1_000)
    flush.cancel()
    expect([shown() <= 1, environment.timers]).toEqual([true, 0])
  })
})
