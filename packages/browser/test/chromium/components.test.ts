import { describeWithProgram } from '@deltawire/testkit/describe'
import { snippetsOf } from '@deltawire/testkit/guide'
import type { Plugin } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { compile } from 'svelte/compiler'
import { expect, it } from 'vitest'
import { compileScript, parse } from 'vue/compiler-sfc'
import { bundleCode, pageOf } from '../support/browser-lab.ts'
import { chunksOf } from '../support/chat-server.ts'
import { withBrowser } from '../support/with-browser.ts'

const guide = await readFile(new URL('../../../../docs/browser.md', import.meta.url), 'utf8')
const resolveDir = fileURLToPath(new URL('.', import.meta.url))
const TEXT = 'Hello there, from a component.'

/** The component of the guide in this language. */
function componentIn(language: string): string {
  const code = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(guide)?.[1]
  if (code === undefined) throw new Error(`the guide has no component for ${language}`)
  return code
}

function compiledVue(): string {
  const { descriptor, errors } = parse(componentIn('vue'))
  expect(errors).toEqual([])
  return compileScript(descriptor, { id: 'app', inlineTemplate: true }).content
}

function compiledSvelte(): string {
  const { js, warnings } = compile(componentIn('svelte'), { generate: 'client' })
  expect(warnings.map(({ message }) => message)).toEqual([])
  return js.code
}

const chatOfSvelte = snippetsOf(guide).find(({ title }) => title === 'Svelte')?.code ?? ''

/** What the page imports, beside packages. */
const files: Readonly<Record<string, () => string>> = {
  './app.vue': compiledVue,
  './app.svelte': compiledSvelte,
  './chat': () => chatOfSvelte,
}
const guideFiles: Plugin = {
  name: 'guide-files',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/(app\.|chat$)/ }, ({ path }) => ({ path, namespace: 'guide' }))
    onLoad({ filter: /./, namespace: 'guide' }, ({ path }) => ({
      contents: files[path]?.() ?? '',
      loader: 'ts',
      resolveDir,
    }))
  },
}

describeWithProgram('chromium', 'the components of the guide', (path) => {
  const { serve, newPage } = withBrowser(path)

  it.each([
    [
      'Vue',
      `import { createApp } from 'vue'
      import App from './app.vue'
      createApp(App).mount('#app')
      document.querySelector('#app button').click()`,
    ],
    [
      'Svelte',
      `import { mount } from 'svelte'
      import App from './app.svelte'
      import { chat } from './chat'
      mount(App, { target: document.querySelector('#app') })
      void chat.sendMessage('Hello!')`,
    ],
  ])('show the answer: %s', { timeout: 60_000 }, async (name, code) => {
    const server = await serve({
      script: () => ({ chunks: chunksOf(TEXT) }),
      page: { html: pageOf(name), script: await bundleCode(code, [guideFiles]) },
    })
    const page = await newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(server.origin)
    await expect.poll(() => page.locator('#app p').last().textContent(), { timeout: 20_000 }).toBe(TEXT)
    expect(await page.locator('#app p').allTextContents()).toEqual(['Hello!', TEXT])
    expect(errors).toEqual([])
    await page.close()
  })
})
