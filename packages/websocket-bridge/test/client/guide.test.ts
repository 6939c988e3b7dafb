import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import * as core from '@deltawire/core'
import { runSnippet, snippetsOf, typeErrorsOf } from '@deltawire/testkit/guide'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import * as client from '../../src/client/index.ts'
import { answerOf } from '../support/chunks.ts'
import { createStage } from '../support/listen.ts'

const snippets = snippetsOf(await readFile(new URL('../../../../docs/relay-client.md', import.meta.url), 'utf8'))
const [chunks, updates] = snippets.map(({ code }) => code)

const { serve, clear } = createStage()
afterEach(clear)

async function run(code: string | undefined): Promise<unknown[][]> {
  const { port } = await serve({
    open: async function* () {
      yield* answerOf('Hello ', 'there.')
    },
  })
  const printed: unknown[][] = []
  const modules = {
    'node:http': { createServer },
    '@deltawire/core': core,
    // Node.js 20 has no WebSocket of its own.
    '@deltawire/websocket-bridge/client': {
      ...client,
      connectRelay: (url: string) => client.connectRelay(url, { WebSocket }),
    },
  }
  const log = (...values: unknown[]) => printed.push(values)
  await runSnippet(code ?? '', modules, { console: { log, error: log }, process: { env: { PORT: String(port) } } })
  return printed
}

describe('the guide of the client', () => {
  it('compiles', { timeout: 120_000 }, () => {
    expect(snippets).toHaveLength(3)
    const options = { lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'] }
    expect(typeErrorsOf(snippets, new URL('..', import.meta.url), options)).toEqual([])
  })

  it('gives the chunks of an answer', async () => {
    expect(await run(chunks)).toEqual([['Hello there.']])
  })

  it('gives the updates of an answer', async () => {
    expect((await run(updates)).at(-1)).toEqual(['4', 'Hello there.'])
  })
})
