import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { build } from 'esbuild'
import fc from 'fast-check'
import { Keyv } from 'keyv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConversation, createMemoryStore, type MessageStore } from '../../src/index.ts'
import { createModel, options, says } from './model.ts'
import { openStore } from './open-store.ts'
import { startRedis } from './start-redis.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'deltawire-conversation-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What every store has to do. */
function keepsConversations(open: () => MessageStore): void {
  it('gives back what was said, whatever it was', { timeout: 30_000 }, async () => {
    const store = open()
    const text = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.constantFrom(':base64:aGk=', ':', '\uD800', '{"value":1}', '\0'),
    )
    await fc.assert(
      fc.asyncProperty(text, async (said) => {
        const model = createModel(() => says(said))
        const conversation = createConversation({ model: 'demo' }, { ...options(model), store })
        const message = await conversation.send(said).message()
        const history = await conversation.history()
        expect(history.map(({ message: { content } }) => content)).toEqual([said, said])
        expect(history[1]).toEqual(message)
      }),
      { numRuns: 25 },
    )
  })

  it('goes on where another left off', async () => {
    const store = open()
    const model = createModel()
    const first = createConversation({ model: 'demo' }, { ...options(model), store })
    await first.send('One').text()
    const second = createConversation(
      { model: 'demo' },
      { ...options(model), store: open(), parentMessageId: first.parentMessageId },
    )
    expect(await second.send('Two').text()).toBe('I was told 3.')
  })
}

/** Several processes write at once; every message is there afterwards, and leads back to the beginning. */
function losesNothing(open: () => Keyv, place: () => string): void {
  it('loses no message of several processes', { timeout: 60_000 }, async () => {
    const writers = 3
    const questions = 10
    const store = open()
    const conversation = createConversation({ model: 'demo' }, { ...options(createModel()), store })
    const { id: root } = await conversation.send('Where all begin').message()
    const ends = await runWriters(writers, [place(), root, String(questions)])
    expect(new Set(ends).size).toBe(writers)
    const seen = new Set<string>()
    for (const end of ends) {
      const history = await conversation.history(end)
      expect(history).toHaveLength(2 + 2 * questions)
      for (const { id } of history) seen.add(id)
    }
    expect(seen.size).toBe(2 + writers * 2 * questions)
    await store.disconnect()
  })
}

let program: Promise<string> | undefined

/** The writer as one file that Node.js runs as it is. */
function writerProgram(): Promise<string> {
  return (program ??= (async () => {
    const outfile = join(folder, 'writer.cjs')
    const entry = fileURLToPath(new URL('writer.ts', import.meta.url))
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      conditions: ['@deltawire/source'],
      external: ['gpt-tokenizer/*', 'undici'],
      logLevel: 'error',
    })
    return outfile
  })())
}

async function runWriters(count: number, args: string[]): Promise<string[]> {
  const file = await writerProgram()
  const writers = Array.from({ length: count }, () => fork(file, args, { execArgv: [] }))
  try {
    await Promise.all(writers.map(nextMessage))
    const ends = writers.map(nextMessage)
    for (const writer of writers) writer.send('go')
    return await Promise.all(ends)
  } finally {
    for (const writer of writers) writer.kill()
  }
}

async function nextMessage(child: ChildProcess): Promise<string> {
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`a writer ended with ${String(code)}`)
  })
  died.catch(() => {})
  const [message] = (await Promise.race([once(child, 'message'), died])) as [string]
  return message
}

describe('a Map', () => {
  const map = new Map<string, object>()
  keepsConversations(() => map)
})

describe('the memory store', () => {
  const memory = createMemoryStore()
  keepsConversations(() => memory)

  it('forgets what nobody has touched for longest', async () => {
    const store = createMemoryStore({ maxMessages: 3 })
    for (const id of ['a', 'b', 'c']) await store.set(id, { id })
    await store.get('a')
    await store.set('d', { id: 'd' })
    expect(['a', 'b', 'c', 'd'].filter((id) => store.get(id) !== undefined)).toEqual(['a', 'c', 'd'])
  })

  it('holds one message at least', () => {
    expect(() => createMemoryStore({ maxMessages: 0 })).toThrow(/maxMessages must be/)
  })
})

describe('a Keyv', () => {
  const keyv = new Keyv()
  keepsConversations(() => keyv)
})

describe('a Keyv of files', () => {
  const place = () => join(folder, 'messages')
  keepsConversations(() => openStore(place()))
  losesNothing(
    () => openStore(join(folder, 'shared')),
    () => join(folder, 'shared'),
  )

  it('has one file per message', async () => {
    const store = openStore(join(folder, 'one'))
    await createConversation({ model: 'demo' }, { ...options(createModel()), store })
      .send('Hello!')
      .message()
    expect((await readdir(join(folder, 'one'))).filter((name) => !name.startsWith('.'))).toHaveLength(2)
  })
})

describeWithProgram('redis', 'a Keyv of Redis', (path) => {
  let redis: Awaited<ReturnType<typeof startRedis>>
  const stores: Keyv[] = []
  const open = () => {
    const store = openStore(redis.url)
    stores.push(store)
    return store
  }
  beforeAll(async () => {
    redis = await startRedis(path)
  })
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.disconnect()))
    await redis.stop()
  })
  keepsConversations(open)
  losesNothing(
    () => openStore(redis.url),
    () => redis.url,
  )

  it('that is down is an error, and nothing is asked', { timeout: 30_000 }, async () => {
    const other = await startRedis(path)
    const store = openStore(other.url)
    const model = createModel()
    await createConversation({ model: 'demo' }, { ...options(model), store })
      .send('Hello!')
      .text()
    store.on('error', () => {})
    await store.disconnect()
    await other.stop()
    const conversation = createConversation({ model: 'demo' }, { ...options(model), store })
    await expect(conversation.send('Hello!').text()).rejects.toMatchObject({ code: 'store_failed' })
    expect(model.requests).toHaveLength(1)
  })
})
