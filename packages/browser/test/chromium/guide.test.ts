import { describeWithProgram } from '@deltawire/testkit/describe'
import { snippetsOf } from '@deltawire/testkit/guide'
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { bundleCode, pageOf } from '../support/browser-lab.ts'
import { chunksOf } from '../support/chat-server.ts'
import { withBrowser } from '../support/with-browser.ts'

const guide = snippetsOf(await readFile(new URL('../../../../docs/browser.md', import.meta.url), 'utf8'))
const codeOf = (title: string): string => {
  const code = guide.find((snippet) => snippet.title === title)?.code
  if (code === undefined) throw new Error(`the guide has no ${title}`)
  return code
}

const TEXT = 'Hello there, from the guide.'

/** Shows the last message where the page has a place for it. */
const show = `(messages) => {
  document.querySelector('#answer').textContent = messages.at(-1)?.parts.map(({ text }) => text).join('') ?? ''
}`
const ask = `void chat.sendMessage('Hello!')`

/** Each: a snippet, and what a reader of it adds to have a page. */
const pages: readonly (readonly [title: string, more: string])[] = [
  ['Without a framework', ''],
  [
    'React',
    `import { createRoot } from 'react-dom/client'
    createRoot(document.querySelector('#app')!).render(<><Conversation /><Status /></>)
    chat.subscribe(() => (${show})(chat.getSnapshot().messages.filter(() => document.querySelectorAll('li').length === 2)))
    ${ask}`,
  ],
  [
    'Vue',
    `import { createApp, watchEffect } from 'vue'
    createApp(App).mount('#app')
    chat.subscribe(() => (${show})(chat.getSnapshot().messages.filter(() => document.querySelector('output'))))
    ${ask}`,
  ],
  ['Svelte', `view.subscribe(({ messages }) => (${show})(messages))\n${ask}`],
  [
    'Solid',
    `import { createEffect, createRoot } from 'solid-js'
    createRoot(() => createEffect(() => (${show})(messages())))
    ${ask}`,
  ],
  [
    'Coming from useChat',
    `import { useEffect } from 'react'
    import { createRoot } from 'react-dom/client'
    function App() {
      const { messages, sendMessage } = useConversation('one')
      useEffect(() => void sendMessage({ text: 'Hello!' }), [])
      useEffect(() => (${show})(messages))
      return <i>{messages.length}</i>
    }
    createRoot(document.querySelector('#app')!).render(<App />)`,
  ],
  ['The relay over WebSocket, one for all tabs', `;(${show})([{ parts: [{ text: chat.getSnapshot().status }] }])`],
]

describeWithProgram('chromium', 'the guide', (path) => {
  const { serve, newPage } = withBrowser(path)

  it.each(pages)('works in a page as it stands: %s', { timeout: 60_000 }, async (title, more) => {
    // A component that a file exports is used by the same file here.
    const code = `${codeOf(title).replace('export default', 'const App =')}\n${more}`
    const server = await serve({
      script: () => ({ chunks: chunksOf(TEXT) }),
      page: {
        html: pageOf(title).replace('<script', '<form><button>ask</button></form><button id="stop"></button><script'),
        script: await bundleCode(code),
      },
    })
    const page = await newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(server.origin)
    if (more === '') await page.getByRole('button', { name: 'ask' }).click()
    const isRelay = title.startsWith('The relay')
    await expect.poll(() => page.locator('#answer').textContent(), { timeout: 20_000 }).toBe(isRelay ? 'ready' : TEXT)
    expect(errors).toEqual([])
    expect(server.log.map((line) => line.split(' ')[0])).toEqual(isRelay ? [] : ['POST'])
    await page.close()
  })
})
