import { createServer } from 'node:http'
import { streamChatCompletion, toNodeListener } from '@deltawire/node'
import { createMemoryEngine, createRelay, type RelayOptions } from '@deltawire/websocket-bridge'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { Interrupted } from '../src/io.ts'
import { closeNow, listen } from '../src/listen.ts'
import { createMockServer, type MockAnswer, type MockServerOptions } from '../src/mock/create-mock-server.ts'
import { parseFault } from '../src/mock/fault.ts'
import { clockWith } from './fake-clock.ts'
import { runCli } from './run-cli.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

interface StageOptions extends MockServerOptions {
  /** What the model waits for behind its first words. */
  readonly pause?: Promise<void>
}

/** A relay before the mock: where it is, what it has asked, and how the first answer of the mock ended. */
async function stage({ pause, ...options }: StageOptions = {}) {
  const asked = later<string>()
  const sent = later<MockAnswer>()
  let count = 0
  const mock = await createMockServer({ ...options, onAnswer: sent.resolve })
  const open: RelayOptions['open'] = async function* ({ model, ...request }, { signal }) {
    count += 1
    asked.resolve(model)
    const chunks = streamChatCompletion({ model, ...request }, { baseURL: mock.baseURL, apiKey: '', signal })
    for await (const chunk of chunks) {
      yield chunk
      if (chunk.choices[0]?.delta.content) await pause
    }
  }
  const engine = createMemoryEngine()
  const relay = createRelay({ open, engine })
  const server = createServer(toNodeListener(relay.handle))
  relay.attach(server)
  const { origin } = await listen(server, 0, '127.0.0.1')
  closers.push(async () => {
    await relay.close()
    await closeNow(server)
    await engine.close()
    await mock.close()
  })
  return { url: origin.replace('http', 'ws'), asked: asked.promise, sent: sent.promise, count: () => count }
}

/** A promise that somebody else keeps. */
function later<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((keep) => (resolve = keep))
  return { promise, resolve: (value: T) => resolve(value) }
}

/** A run with its own Ctrl-C, which tells when it has printed something. */
function started(argv: readonly string[]) {
  const interrupt = new AbortController()
  const shown = later<void>()
  const ended = runCli(argv, {
    clock: systemClock,
    env: { OPENAI_API_KEY: 'sk-own-key' },
    signal: interrupt.signal,
    onStdout: (text) => text !== '' && shown.resolve(),
  })
  return { ended, shown: shown.promise, interrupt: () => interrupt.abort(new Interrupted('SIGINT')) }
}

const ask = (url: string, ...flags: string[]) =>
  started(['ask', '--no-store', '-m', 'demo:text', '--tee', `${url}/plan`, ...flags, 'What is a chunk?'])

/** Somebody who follows the topic. A relay tells of what is going on already, so that it may come at any time. */
const follow = (url: string) => started(['tail', url, '--topic', 'plan', '--until-done'])

const whole = /^A chunk is a small piece .* itself a chunk\.$/
const stalls = [parseFault('stall@chunk:6')].filter((fault) => fault !== undefined)

describe('ask --tee through a relay', () => {
  test('prints the answer here and for who follows the topic, and the model is asked once', async () => {
    const pause = later<void>()
    const { url, count } = await stage({ pause: pause.promise })
    const [asker, follower] = [ask(url), follow(url)]
    await follower.shown
    pause.resolve()
    const [here, there] = await Promise.all([asker.ended, follower.ended])
    expect([here.code, here.stderr, there.code]).toEqual([0, '', 0])
    expect(here.stdout).toMatch(whole)
    expect([there.stdout.trimEnd(), count()]).toEqual([here.stdout, 1])
  })

  test('is cancelled for everybody by Ctrl-C, the model too', async () => {
    const { url, sent } = await stage({ faults: stalls })
    const [asker, follower] = [ask(url), follow(url)]
    await Promise.all([asker.shown, follower.shown])
    asker.interrupt()
    const [here, there] = await Promise.all([asker.ended, follower.ended])
    expect(here).toMatchObject({ code: 130, stdout: expect.stringMatching(/^A chunk/) as unknown })
    expect(there).toMatchObject({ code: 7, stdout: expect.stringMatching(/^A chunk/) as unknown })
    expect(there.stderr).toContain('the stream was cancelled')
    expect(await sent).toMatchObject({ isAborted: true })
  })

  test('is cancelled by Ctrl-C before the model has said anything', async () => {
    const { url, asked, sent } = await stage({ pace: { firstChunkMs: 1 }, clock: clockWith(untilAborted) })
    const asker = ask(url)
    await asked
    asker.interrupt()
    expect(await asker.ended).toMatchObject({ code: 130, stdout: '' })
    expect(await sent).toMatchObject({ isAborted: true })
  })

  test('is cancelled for everybody when its time is over', async () => {
    const { url, sent } = await stage({ faults: stalls })
    const asker = ask(url, '--timeout', '1s')
    expect(await asker.ended).toMatchObject({ code: 10 })
    expect(await sent).toMatchObject({ isAborted: true })
  })

  test('goes on when one who follows it leaves', async () => {
    const pause = later<void>()
    const { url } = await stage({ pause: pause.promise })
    const [asker, follower] = [ask(url), follow(url)]
    await follower.shown
    follower.interrupt()
    expect((await follower.ended).code).toBe(130)
    pause.resolve()
    const here = await asker.ended
    expect([here.code, here.stdout]).toEqual([0, expect.stringMatching(whole)])
  })
})

async function untilAborted(_: number, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
