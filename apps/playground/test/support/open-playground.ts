import type { Chat, Message } from '@deltawire/browser'
import { buildPage } from '@deltawire/cli/build-page'
import { type Playground, type PlaygroundOptions, readPageFiles, startPlayground } from '@deltawire/cli/playground'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { type WatchedClock, watchedClock } from './clock.ts'

export const laneNames = ['direct', 'backend', 'relay'] as const
export type LaneName = (typeof laneNames)[number]
export type Meters = Readonly<Record<LaneName, { generating: number; requests: number; chunks: number }>>

declare global {
  interface Window {
    chats: Readonly<Record<LaneName, Chat>>
    /** What the page was not allowed to do: scripts, connections, markup out of text. */
    violations: string[]
    /** How long each task was that was too long, in milliseconds. */
    longTasks: number[]
  }
}

/** A page of the playground as a person has it before them. */
export interface Open {
  readonly page: Page
  readonly meters: () => Promise<Meters>
  /** The button of that name. */
  readonly press: (name: string) => Promise<void>
  /** Asks at that pace. */
  readonly ask: (pace: '10' | '60' | '300' | '1000' | '5000') => Promise<void>
  /**
   * Presses a button in the moment in which every lane has so many characters of the answer: a click from outside comes
   * when it comes. Resolves to when that was, in milliseconds since 1970.
   */
  readonly pressAt: (characters: number, name: string) => Promise<number>
  /** The answer of a lane once nothing is added to it any more. */
  readonly ended: (lane: LaneName) => Promise<Message>
}

/** A page built once, for as many playgrounds as there are tests. */
export async function buildPlayground(options?: Parameters<typeof buildPage>[1]) {
  const folder = await mkdtemp(join(tmpdir(), 'deltawire-page-'))
  await buildPage(folder, options)
  return { folder, files: await readPageFiles(folder), remove: () => rm(folder, { recursive: true, force: true }) }
}

export interface Use {
  readonly files: PlaygroundOptions['files']
  readonly context: BrowserContext
  readonly endpoint?: PlaygroundOptions['endpoint']
}

export type UsePlayground = (open: Open, playground: Playground, clock: WatchedClock) => Promise<void>

/** Another server for every test: another origin, whose storage is empty and whose meters are at nought. */
export async function usePlayground({ context, ...given }: Use, test: UsePlayground): Promise<void> {
  const clock = watchedClock()
  const playground = await startPlayground({ ...given, clock })
  try {
    const page = await context.newPage()
    await page.goto(playground.url)
    await ready(page)
    await test(drive(page, playground.url), playground, clock)
    for (const each of context.pages()) {
      if (!each.url().startsWith(playground.url)) continue
      const violations = await each.evaluate(() => window.violations)
      if (violations.length > 0) throw new Error(`not allowed: ${violations.join(', ')}`)
    }
  } finally {
    for (const each of context.pages()) if (each.url().startsWith(playground.url)) await each.close()
    await playground.close()
  }
}

/** The handles of a page that is open. */
export function drive(page: Page, url: string): Open {
  return {
    page,
    async meters() {
      const response = await fetch(new URL('playground/meter', url))
      return (await response.json()) as Meters
    },
    press: (name) => page.getByRole('button', { name, exact: true }).click(),
    async ask(pace) {
      await page.getByLabel('chunks per second').selectOption(pace)
      await page.getByRole('button', { name: 'Ask', exact: true }).click()
    },
    pressAt: (characters, name) => page.evaluate(pressInPage, { characters, name }),
    ended: (lane) => page.evaluate(endedInPage, lane),
  }
}

/** What pages are watched for, from their first script on. */
export async function watchPages(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    window.violations = []
    window.longTasks = []
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
      window.violations.push(`${violatedDirective} ${blockedURI} ${sample}`),
    )
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longTasks.push(duration)
    }).observe({ type: 'longtask' })
  })
}

/** The script of the page has made its chats. */
export async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => 'chats' in window)
}

async function pressInPage({ characters, name }: { characters: number; name: string }): Promise<number> {
  const reaches = (chat: Chat): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        const last = chat.getSnapshot().messages.at(-1)
        const text = last?.parts.map((part) => (part.type === 'text' ? part.text : '')).join('') ?? ''
        if (last?.role !== 'assistant' || text.length < characters) return
        unsubscribe()
        resolve()
      }
      const unsubscribe = chat.subscribe(look)
      look()
    })
  await Promise.all(Object.values(window.chats).map(reaches))
  const pressedAt = performance.timeOrigin + performance.now()
  for (const button of document.querySelectorAll('button')) if (button.textContent === name) button.click()
  return pressedAt
}

function endedInPage(lane: LaneName): Promise<Message> {
  const chat = window.chats[lane]
  return new Promise((resolve) => {
    const look = (): void => {
      const last = chat.getSnapshot().messages.at(-1)
      if (last?.role !== 'assistant' || last.finishReason === undefined) return
      unsubscribe()
      resolve(last)
    }
    const unsubscribe = chat.subscribe(look)
    look()
  })
}
