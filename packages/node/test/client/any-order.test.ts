import { textOf } from '@deltawire/core'
import fc from 'fast-check'
import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { type ChatStream, createConversation, streamChatCompletion } from '../../src/index.ts'
import { createSlowModel, options } from '../conversation/model.ts'
import { collect, done, event, question } from './byte-server.ts'
import { createManualTime, type ManualTime } from './manual-time.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What may happen to an answer, and whatever it promises. */
interface Stage {
  readonly answer: ChatStream
  readonly model: ReturnType<typeof createSlowModel>
  readonly controller: AbortController
  readonly time: ManualTime
  promised(promise: Promise<unknown>): void
}

const deeds = {
  completion: ({ answer, promised }) => promised(answer.completion()),
  result: ({ answer, promised }) => promised(answer.result()),
  usage: ({ answer, promised }) => promised(answer.usage()),
  response: ({ answer, promised }) => promised(answer.response()),
  iterate: ({ answer, promised }) => promised(collect(answer)),
  parts: ({ answer, promised }) => promised(collect(answer.parts())),
  send: ({ answer, promised }) => promised(answer.toResponse().text()),
  leave: ({ answer, promised }) => promised(leave(answer)),
  cancel: ({ answer, promised }) => promised(answer.toReadableStream().cancel()),
  dispose: ({ answer, promised }) => promised(answer[Symbol.asyncDispose]()),
  abort: ({ answer }) => answer.abort(),
  signal: ({ controller }) => controller.abort(new Error('enough')),
  say: ({ model }) => !model.cancelled && model.say(event({ content: 'a' })),
  wait: () => turn(),
  late: ({ time }) => time.advance(5_000),
} satisfies Record<string, (stage: Stage) => unknown>

async function leave(answer: ChatStream): Promise<void> {
  for await (const _chunk of answer) break
}

const deed = fc.constantFrom(...(Object.keys(deeds) as (keyof typeof deeds)[]))

it.for(['a stream', 'a conversation'])(
  'whatever is done to %s in whatever order: everything ends, and no listener and no timer is left',
  async (kind) => {
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 12 }), fc.boolean(), async (order, isWhole) => {
        const model = createSlowModel()
        const controller = new AbortController()
        const time = createManualTime()
        const all = { ...options(model), time, totalTimeoutMs: 60_000 }
        const { signal } = controller
        const answer =
          kind === 'a stream'
            ? streamChatCompletion(question, { ...all, signal })
            : createConversation({ model: 'm' }, all).send('Hello!', { signal })
        let pending = 0
        const promised = (promise: Promise<unknown>): void => {
          pending += 1
          const settle = (): void => void (pending -= 1)
          promise.then(settle, settle)
        }
        for (const name of order) await deeds[name]({ answer, model, controller, time, promised })

        const result = answer.result()
        promised(result)
        for (let turns = 0; turns < 20; turns += 1) await turn()
        if (!model.cancelled) {
          if (isWhole) model.say(event({ content: 'b' }, 'stop'), done)
          model.end()
        }
        for (let turns = 0; turns < 20 && pending > 0; turns += 1) await turn()
        expect(pending).toBe(0)
        const { completion, complete, error } = await result
        expect(complete).toBe(error === null)
        if (complete) expect(textOf(completion ?? undefined)).toMatch(/^a*b$/)
        // The end of a body is let through for half a second.
        time.advance(500)
        expect({ timers: time.running, listeners: getEventListeners(signal, 'abort').length }).toEqual({
          timers: 0,
          listeners: 0,
        })
      }),
      { numRuns: 300 },
    )
  },
)
