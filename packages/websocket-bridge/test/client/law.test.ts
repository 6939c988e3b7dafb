import { type ChatCompletionChunk, mergeChunk } from '@deltawire/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectRelay } from '../../src/client/index.ts'
import { canonicalJson } from '../../src/protocol/checksum.ts'
import type { ServerFrame, WireChunk } from '../../src/protocol/frame.ts'
import { formatPosition } from '../../src/protocol/position.ts'
import { toWireChunk } from '../../src/protocol/wire-chunk.ts'
import { createFakeClock, turn } from './fake-clock.ts'
import { createModelRelay } from './model-relay.ts'
import { createScriptedPeer, type ScriptedSocket } from './scripted-peer.ts'
import { chunkOf } from './truth.ts'

/** Texts that a careless hand would damage: half a surrogate pair, an escape, nothing at all. */
const text = fc.constantFrom(' a', 'ß', '👋', '\uD83D', '\uDE00', '\n', '"', '{', '\\u', '')
const index = fc.nat({ max: 1 })

const call = fc.record({ index, function: fc.record({ arguments: text }) })
const begunCall = fc.tuple(index, text).map(([at, name]) => ({
  index: at,
  id: `call_${at}`,
  type: 'function',
  function: { name: `f${name}`, arguments: '' },
}))

const delta = fc.oneof(
  fc.record({ content: text }),
  fc.record({ role: fc.constant('assistant'), content: text }),
  fc.record({ reasoning_content: text }),
  fc.record({ tool_calls: fc.tuple(fc.oneof(call, begunCall)) }),
)

const chunk: fc.Arbitrary<ChatCompletionChunk> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(delta, index).map(([given, at]) => withIndex(chunkOf(given), at)) },
  { weight: 1, arbitrary: fc.constant(chunkOf({}, 'stop')) },
  { weight: 1, arbitrary: fc.nat().map((total_tokens) => usageChunk(total_tokens)) },
)

function withIndex(whole: ChatCompletionChunk, at: number): ChatCompletionChunk {
  return { ...whole, choices: whole.choices.map((choice) => ({ ...choice, index: at })) }
}

function usageChunk(total_tokens: number): ChatCompletionChunk {
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens }
  return { ...chunkOf({}), choices: [], usage }
}

/** What may happen, and how often. */
const what = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), chunk }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      most: fc.integer({ min: 1, max: 5 }),
      merged: fc.boolean(),
    }),
  },
  ...(['whole', 'cut', 'repeat', 'lose', 'swap', 'read', 'drain', 'refuse'] as const).map((kind) => ({
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant(kind) }),
  })),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat({ max: 12_000 }) }) },
)
type Step = typeof what extends fc.Arbitrary<infer T> ? T : never

/** Two faults that cannot be hidden from a reader: the store loses chunks with their producer, and a text is damaged. */
const takeOver = fc.record({ kind: fc.constant('takeOver' as const), lost: fc.nat({ max: 3 }) })
const damage = fc.record({ kind: fc.constant('damage' as const) })
type Fault = typeof takeOver | typeof damage extends fc.Arbitrary<infer T> ? T : never

/** What a reader has, as it travels. Nothing, if all that it was given is that there is nothing. */
const canonicalSum = (sum: ChatCompletionChunk | undefined): string =>
  canonicalJson(sum === undefined || sum.id === '' ? {} : toWireChunk(sum, undefined))

/** Runs a client through all that happens, then lets the stream come to its end. */
async function play(steps: readonly (Step | Fault)[]) {
  const clock = createFakeClock()
  const peer = createScriptedPeer()
  const model = createModelRelay()
  const relay = connectRelay('ws://relay.test', { WebSocket: peer.WebSocket, clock, random: () => 0.5 })
  const stream = relay.subscribe('st')

  // The reader only takes when it is let.
  let sum: ChatCompletionChunk | undefined
  let replaced = 0
  const strangers: string[] = []
  let isDamaged = false
  const updates = stream.updates()
  let taking: Promise<unknown> | undefined
  let isDone = false
  const read = (): void => {
    taking ??= updates.next().then(({ done, value }) => {
      taking = undefined
      isDone = done === true
      if (value === undefined) return
      if (value.replaces) replaced++
      sum = mergeChunk(value.replaces ? undefined : sum, value.chunk)
      const have = canonicalSum(sum)
      if (!isDamaged && have !== model.history.get(formatPosition(value.position))) strangers.push(have)
    })
  }

  const live = (): ScriptedSocket[] => peer.sockets.filter((socket) => !socket.isOver && socket.closed === undefined)
  const welcomed = new Set<ScriptedSocket>()
  const answer = (isRefusing = false): void => {
    for (const socket of live()) {
      if (!welcomed.has(socket)) {
        welcomed.add(socket)
        socket.welcome()
      }
      model.answer(socket, isRefusing)
    }
  }
  const last = new Map<ScriptedSocket, ServerFrame>()
  const say = (socket: ScriptedSocket, frame: ServerFrame | undefined): void => {
    if (frame === undefined) return
    last.set(socket, frame)
    socket.say(frame)
  }

  async function step(action: Step | Fault): Promise<void> {
    switch (action.kind) {
      case 'append':
        model.append(action.chunk)
        break
      case 'answer':
        answer()
        break
      case 'refuse':
        answer(true)
        break
      case 'pass':
        await clock.pass(action.ms)
        break
      case 'read':
        read()
        break
      case 'takeOver':
        model.takeOver(action.lost)
        break
      case 'send':
        for (const socket of live()) say(socket, model.frameFor(socket, action.most, action.merged))
        break
      default:
        for (const socket of live()) disturb(socket, action.kind)
    }
    await turn()
  }

  function disturb(
    socket: ScriptedSocket,
    kind: 'cut' | 'damage' | 'drain' | 'lose' | 'repeat' | 'swap' | 'whole',
  ): void {
    switch (kind) {
      case 'cut':
        return socket.drop()
      case 'drain':
        return welcomed.has(socket) ? socket.say({ t: 'drain', minMs: 0, maxMs: 1000 }) : undefined
      case 'repeat':
        return say(socket, last.get(socket))
      case 'lose':
        return void model.frameFor(socket, 1, false)
      case 'whole':
        return say(socket, model.wholeFor(socket))
      case 'swap': {
        const [first, second] = [model.frameFor(socket, 1, false), model.frameFor(socket, 1, false)]
        say(socket, second)
        return say(socket, first)
      }
      case 'damage': {
        const frame = model.frameFor(socket, 1, true)
        // Once: an answer that arrives damaged twice is an error.
        if (frame?.t !== 'd' || isDamaged) return say(socket, frame)
        isDamaged = true
        const [first = {}] = frame.c
        const damaged: WireChunk = { ...first, choices: [{ index: 0, delta: { content: 'damaged' } }] }
        return say(socket, { ...frame, c: [damaged] })
      }
    }
  }

  for (const action of steps) await step(action)
  model.end()
  for (let round = 0; !isDone && round < 200; round++) {
    await clock.pass(10_000)
    answer()
    for (let frames = 0; frames < 3; frames++) for (const socket of live()) say(socket, model.frameFor(socket, 7, true))
    read()
    await turn()
  }
  relay.close()
  await turn()
  const have = canonicalSum(sum)
  return { isDone, have, truth: canonicalJson(model.sum), replaced, strangers, timers: clock.timers }
}

const runs = { numRuns: Number(process.env['DELTAWIRE_RUNS'] ?? 300) }

describe('whatever happens on the way', () => {
  it('a reader has the answer at the end, a beginning of it before, and never has to forget', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(what, { maxLength: 60, size: 'max' }), async (steps) => {
        const { truth, ...result } = await play(steps)
        expect(result).toEqual({ isDone: true, have: truth, replaced: 0, strangers: [], timers: 0 })
      }),
      runs,
    )
  }, 120_000)

  it('a reader of updates has the answer at the end, also when the store loses chunks and texts are damaged', async () => {
    const all = fc.oneof(
      { weight: 12, arbitrary: what },
      { weight: 1, arbitrary: takeOver },
      { weight: 1, arbitrary: damage },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(all, { maxLength: 60, size: 'max' }), async (steps) => {
        const { truth, isDone, have, strangers, timers } = await play(steps)
        expect({ isDone, have, strangers, timers }).toEqual({ isDone: true, have: truth, strangers: [], timers: 0 })
      }),
      runs,
    )
  }, 120_000)
})
