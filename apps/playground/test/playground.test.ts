import { demoAnswer } from '@deltawire/cli/playground'
import { openChromium, type OpenChromium } from '@deltawire/testkit/chromium'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isBusy } from '@deltawire/testkit/is-busy'
import { answerOfScript, type Shown, shownOf } from './support/answer.ts'
import {
  buildPlayground,
  laneNames,
  type Meters,
  drive,
  type Open,
  ready,
  type UsePlayground,
  usePlayground,
  watchPages,
} from './support/open-playground.ts'

const generating = (meters: Meters): number => laneNames.reduce((sum, lane) => sum + meters[lane].generating, 0)

describeWithProgram('chromium', 'the playground', (path) => {
  let browser: OpenChromium
  let built: Awaited<ReturnType<typeof buildPlayground>>
  let answer: Shown

  beforeAll(async () => {
    answer = await answerOfScript()
    built = await buildPlayground()
    browser = await openChromium(path)
    await watchPages(browser.context)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await built?.remove()
  })

  const use = (test: UsePlayground) => usePlayground({ files: built.files, context: browser.context }, test)

  /** How the lanes ended whose stream is kept somewhere, and how often the model was asked for them. */
  async function keptLanes({ ended, meters }: Open) {
    const [backend, relay] = [await ended('backend'), await ended('relay')]
    const asked = await meters()
    return {
      backend: { ...shownOf(backend), finishReason: backend.finishReason, asked: asked.backend.requests },
      relay: { ...shownOf(relay), finishReason: relay.finishReason, asked: asked.relay.requests },
    }
  }
  const whole = () => {
    const lane = { ...answer, finishReason: 'tool_calls', asked: 1 }
    return { backend: lane, relay: lane }
  }

  it('asks the same in three lanes and shows the same', { timeout: 60_000 }, () =>
    use(async (open) => {
      await open.ask('5000')
      for (const lane of laneNames) {
        expect(shownOf(await open.ended(lane)), `the lane ${lane}`).toEqual(answer)
        const section = open.page.locator(`[data-lane="${lane}"].lane`)
        expect(await section.locator('.answer').textContent()).toBe(answer.text)
        expect(await section.locator('.thought').textContent()).toBe(answer.reasoning)
        const shown = await section.locator('.arguments dd').allTextContents()
        const args = Object.values(JSON.parse(answer.args) as Record<string, unknown>)
        expect(shown.map((value, at) => (typeof args[at] === 'string' ? value : JSON.parse(value)))).toEqual(args)
      }
      const meters = await open.meters()
      expect(laneNames.map((lane) => meters[lane].requests)).toEqual([1, 1, 1])
    }),
  )

  it('asks anew while answers are written, and those are written no more', { timeout: 60_000 }, () =>
    use(async (open) => {
      for (let round = 0; round < 3; round++) {
        await open.ask('60')
        await open.page.waitForFunction(() =>
          Object.values(window.chats).every((chat) => chat.getSnapshot().status === 'streaming'),
        )
      }
      await open.ask('5000')
      for (const lane of laneNames) expect(shownOf(await open.ended(lane)), `the lane ${lane}`).toEqual(answer)
      const kept = await open.page.evaluate(() =>
        Object.values(window.chats)
          .map((chat) => chat.getSnapshot())
          .map(({ messages, queued }) => [messages.length, queued.length]),
      )
      expect(kept).toEqual([
        [2, 0],
        [2, 0],
        [2, 0],
      ])
      await expect.poll(async () => generating(await open.meters())).toBe(0)
      const { backend, relay } = await open.meters()
      for (const { chunks } of [backend, relay]) expect(chunks).toBeLessThan(2 * demoAnswer().length)
    }),
  )

  it('shows again what the model does when its server answers again', { timeout: 60_000 }, () =>
    use(async ({ page }) => {
      const meter = page.locator('#meter')
      await expect.poll(() => meter.textContent()).toContain('backend: silent')
      const shown = await meter.textContent()
      await page.route('**/playground/meter', (route) => route.abort())
      await expect.poll(() => meter.textContent()).toBe('the model cannot be seen')
      await page.unroute('**/playground/meter')
      await expect.poll(() => meter.textContent()).toBe(shown)
    }),
  )

  it('Cut network: the lanes that are kept go on, the direct one keeps what it had', { timeout: 60_000 }, () =>
    use(async (open) => {
      await open.ask('60')
      await open.pressAt(20, 'Cut network')
      const direct = await open.ended('direct')
      expect(direct.finishReason).toBe('interrupted')
      const { text } = shownOf(direct)
      expect(text.length).toBeGreaterThanOrEqual(20)
      expect(answer.text.startsWith(text)).toBe(true)
      expect(await keptLanes(open)).toEqual(whole())
      expect(shownOf(await open.ended('direct')).text).toBe(text)
      for (const [lane, reconnects] of Object.entries({ direct: /^0$/, backend: /^[1-9]/, relay: /^[1-9]/ })) {
        const strip = open.page.locator(`[data-lane="${lane}"] .figures div`)
        const figure = strip.filter({ hasText: 'reconnects' }).locator('dd')
        await expect.poll(() => figure.textContent(), { timeout: 20_000 }).toMatch(reconnects)
      }
    }),
  )

  it('Sleep tab: what was written meanwhile is there afterwards', { timeout: 60_000 }, () =>
    use(async (open) => {
      await open.ask('300')
      await open.pressAt(200, 'Sleep tab')
      expect(await keptLanes(open)).toEqual(whole())
    }),
  )

  it('Reload: the answer is taken up where it was', { timeout: 60_000 }, () =>
    use(async (open) => {
      await open.ask('300')
      const loaded = open.page.waitForEvent('load')
      await open.pressAt(200, 'Reload').catch(() => {})
      await loaded
      await ready(open.page)
      expect(await keptLanes(open)).toEqual(whole())
    }),
  )

  it('Second tab: shows the same answer, and nobody is asked again', { timeout: 60_000 }, () =>
    use(async (open, playground) => {
      await open.ask('300')
      const opening = browser.context.waitForEvent('page')
      await open.pressAt(200, 'Second tab')
      const page = await opening
      await page.waitForLoadState()
      await ready(page)
      expect(await keptLanes(drive(page, playground.url))).toEqual(whole())
      expect(await keptLanes(open)).toEqual(whole())
    }),
  )

  it('Kill relay: another node goes on with the answer', { timeout: 60_000 }, () =>
    use(async (open) => {
      await open.ask('60')
      await open.pressAt(20, 'Kill relay')
      // Who wrote the answer on that node is dead as well, long before its end.
      let dead: Meters['relay'] | undefined
      await expect.poll(async () => (dead = (await open.meters()).relay).generating).toBe(0)
      expect(dead?.chunks).toBeLessThan(demoAnswer().length)
      expect(await keptLanes(open)).toEqual(whole())
      expect(shownOf(await open.ended('direct'))).toEqual(answer)
    }),
  )

  it('Slow client: what could not be shown is shown at once afterwards', { timeout: 60_000 }, () =>
    use(async (open) => {
      await open.ask('1000')
      await open.pressAt(20, 'Slow client')
      expect(await keptLanes(open)).toEqual(whole())
      expect(shownOf(await open.ended('direct'))).toEqual(answer)
    }),
  )

  it('429: is asked again after the time the server wants', { timeout: 60_000 }, () =>
    use(async (open) => {
      await open.press('429')
      await open.ask('5000')
      for (const lane of laneNames) expect(shownOf(await open.ended(lane)), `the lane ${lane}`).toEqual(answer)
      const meters = await open.meters()
      expect(laneNames.map((lane) => meters[lane].requests)).toEqual([2, 2, 2])
    }),
  )

  it('Naive render: draws every chunk, where it is drawn a few times a second otherwise', { timeout: 60_000 }, () =>
    use(async (open) => {
      const { page } = open
      /** What the direct lane says of an answer: the others get sums where they are behind. */
      async function figures() {
        await open.ask('1000')
        for (const lane of laneNames) {
          expect(shownOf(await open.ended(lane)), `the lane ${lane}`).toEqual(answer)
          expect(await page.locator(`[data-lane="${lane}"] .answer`).textContent()).toBe(answer.text)
        }
        const figure = (name: string) =>
          page.locator('[data-lane="direct"] .figures div').filter({ hasText: name }).locator('dd').textContent()
        // The strip is written four times a second.
        const least = demoAnswer().length
        await expect.poll(async () => Number(await figure('chunks')), { timeout: 20_000 }).toBeGreaterThanOrEqual(least)
        expect(await figure('a drawing')).toMatch(/^[\d.]+ ms$/)
        expect(await figure('long tasks')).toMatch(/^\d+$/)
        return { chunks: Number(await figure('chunks')), drawings: Number(await figure('drawings')) }
      }

      const button = page.getByRole('button', { name: 'Naive render', exact: true })
      expect(await button.getAttribute('aria-pressed')).toBe('false')
      const calm = await figures()
      expect(calm.drawings).toBeLessThan(calm.chunks / 4)

      const loaded = page.waitForEvent('load')
      await button.click()
      await loaded
      await ready(page)
      expect(await button.getAttribute('aria-pressed')).toBe('true')
      const naive = await figures()
      expect(naive.drawings).toBeGreaterThanOrEqual(naive.chunks)

      const again = page.waitForEvent('load')
      await button.click()
      await again
      await ready(page)
      expect(await button.getAttribute('aria-pressed')).toBe('false')
    }),
  )

  it('Stop: the model is silent at once, and what arrived stays', { timeout: 60_000 }, () =>
    use(async (open, _, clock) => {
      await open.ask('60')
      const pressedAt = await open.pressAt(20, 'Stop')
      await expect.poll(async () => generating(await open.meters())).toBe(0)
      // The model waits for its next chunk; a stop ends that.
      expect(clock.cutShortAt).toHaveLength(laneNames.length)
      expect(Math.max(...clock.cutShortAt) - pressedAt).toBeLessThan(isBusy() ? 1_000 : 100)
      const before = await open.meters()
      const texts = []
      for (const lane of laneNames) {
        const message = await open.ended(lane)
        expect(message.finishReason).toBe('stopped')
        const { text } = shownOf(message)
        expect(text.length).toBeGreaterThanOrEqual(20)
        expect(answer.text.startsWith(text)).toBe(true)
        texts.push(text)
      }
      expect(await open.meters()).toEqual(before)
      for (const lane of laneNames) expect(before[lane].chunks).toBeLessThan(answer.text.length / 4)
    }),
  )
})
