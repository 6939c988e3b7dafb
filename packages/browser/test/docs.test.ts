import { runSnippet, snippetsOf, typeErrorsOf } from '@deltawire/testkit/guide'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as browser from '../src/index.ts'
import * as testing from '../src/testing.ts'
import * as core from '@deltawire/core'
import { type ChatServer, chunksOf, serveChat } from './support/chat-server.ts'

const guide = snippetsOf(await readFile(new URL('../../../docs/browser.md', import.meta.url), 'utf8'))
const readme = snippetsOf(await readFile(new URL('../README.md', import.meta.url), 'utf8'))
const titles = guide.map(({ title }) => title)

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
// The servers of the guide are the other package's business: their types are found where that package has them.
const { resolve } = createRequire(path('../../node/package.json'))
const options = {
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  // As `react-jsx` in a configuration file.
  jsx: 4,
  paths: {
    '@deltawire/node': [path('../../node/src/index.ts')],
    express: [dirname(resolve('@types/express/package.json'))],
  },
}

let server: ChatServer
beforeAll(async () => {
  server = await serveChat({ script: () => ({ chunks: chunksOf('Hello there.') }) })
  const real = fetch
  // A page's own server.
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => real(url.startsWith('/') ? server.url : url, init))
})
afterAll(async () => {
  vi.unstubAllGlobals()
  await server.close()
})

const modules = { '@deltawire/core': core, '@deltawire/browser': browser, '@deltawire/browser/testing': testing }

async function run(code: string): Promise<unknown[][]> {
  const printed: unknown[][] = []
  await runSnippet(code, modules, { console: { log: (...values: unknown[]) => printed.push(values) } })
  return printed
}

describe('the guide', () => {
  it('compiles, with the README', { timeout: 120_000 }, () => {
    expect(titles.length).toBeGreaterThanOrEqual(14)
    expect(
      typeErrorsOf([...guide, ...readme], new URL('.', import.meta.url), options as Parameters<typeof typeErrorsOf>[2]),
    ).toEqual([])
  })

  it.each([
    ['One answer', ['Hello there.', undefined, true, undefined]],
    ['In tests', [[{ type: 'text', text: 'Hello there.' }]]],
  ])('prints what it says: %s', async (title, expected) => {
    const code = guide.find((snippet) => snippet.title === title)?.code ?? ''
    expect((await run(code)).at(-1)).toEqual(expected)
  })

  it('begins in the README as it says', async () => {
    const printed = await run(readme[0]?.code ?? '')
    expect(printed).toContainEqual(['submitted'])
    expect(printed.at(-1)).toEqual([[{ type: 'text', text: 'Hello there.' }], null])
  })
})
