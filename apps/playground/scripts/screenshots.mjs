// Takes the screenshots of the guide, of the page as it is now: `pnpm --filter @deltawire/playground screenshots`.
import { buildPage } from '@deltawire/cli/build-page'
import { readPageFiles, startPlayground } from '@deltawire/cli/playground'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { smallPng } from './small-png.mjs'

const folder = fileURLToPath(new URL('../../../docs/playground', import.meta.url))
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** @type {Record<string, import('playwright-core').BrowserContextOptions>} */
const screens = {
  desktop: { viewport: { width: 1280, height: 1120 } },
  dark: { viewport: { width: 1280, height: 1120 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
}

const clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
}

const page = await mkdtemp(join(tmpdir(), 'deltawire-page-'))
await buildPage(page)
const playground = await startPlayground({ files: await readPageFiles(page), clock })
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
try {
  await mkdir(folder, { recursive: true })
  for (const [name, screen] of Object.entries(screens)) {
    const context = await browser.newContext(screen)
    const tab = await context.newPage()
    await tab.goto(playground.url)
    await tab.waitForFunction(() => 'chats' in globalThis)
    await tab.getByLabel('chunks per second').selectOption('60')
    await tab.getByRole('button', { name: 'Ask', exact: true }).click()
    // In the middle of the answer, where one lane is broken and two go on.
    await tab.evaluate(async (isCut) => {
      const { relay } = globalThis.chats
      const until = (isSo) =>
        new Promise((resolve) => {
          const look = () => isSo() && resolve(unsubscribe())
          const unsubscribe = relay.subscribe(look)
        })
      const part = (type) =>
        relay
          .getSnapshot()
          .messages.at(-1)
          ?.parts.find((each) => each.type === type)
      await until(() => part('text')?.text.length > 120)
      for (const button of document.querySelectorAll('button'))
        if (isCut && button.textContent === 'Cut network') button.click()
      await until(() => part('tool-call')?.argsText.length > 120)
    }, name !== 'phone')
    await writeFile(join(folder, `${name}.png`), smallPng(await tab.screenshot()))
    await context.close()
  }
} finally {
  await browser.close()
  await playground.close()
  await rm(page, { recursive: true })
}
