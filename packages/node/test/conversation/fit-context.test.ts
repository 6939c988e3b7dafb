import type { RequestMessage } from '@deltawire/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { estimateUsage, fitContext, isConversationError } from '../../src/index.ts'
import { promptMessages } from '../../src/conversation/prompt-messages.ts'
import { readHistory } from '../../src/conversation/read-history.ts'

const user = (content: string): RequestMessage => ({ role: 'user', content })
const assistant = (content: string): RequestMessage => ({ role: 'assistant', content })
const countTokens = (text: string) => text.length

const words = fc.string({ maxLength: 30 })
const call = fc.constantFrom('a', 'b', 'c').map((id) => ({
  id,
  type: 'function' as const,
  function: { name: 'f', arguments: '{}' },
}))
const said: fc.Arbitrary<RequestMessage> = fc.oneof(
  words.map(user),
  words.map(assistant),
  fc.record({ role: fc.constant('assistant' as const), content: fc.constant(null), tool_calls: fc.array(call) }),
  fc.record({ role: fc.constant('tool' as const), content: words, tool_call_id: fc.constantFrom('a', 'b', 'c') }),
)
const history = fc.array(said, { maxLength: 12 })
const instructions = fc.array(
  words.map((content): RequestMessage => ({ role: 'system', content })),
  { maxLength: 2 },
)

describe('fitContext', () => {
  it('sends what fits and says what it dropped: together they are everything, in order', () => {
    fc.assert(
      fc.property(instructions, history, words, fc.nat(400), fc.nat(100), (first, before, text, window, answer) => {
        const question = [user(text)]
        try {
          const { messages, dropped, tokens } = fitContext(
            { instructions: first, history: before, question },
            { contextTokens: window, answerTokens: answer, countTokens },
          )
          expect([...first, ...dropped, ...messages.slice(first.length)]).toEqual([...first, ...before, ...question])
          expect(messages.at(-1)).toBe(question[0])
          expect(tokens).toBeLessThanOrEqual(window - answer)
          expect(tokens).toBe(estimateUsage({ messages }, null, countTokens).prompt_tokens)
          // What begins what is kept is a question.
          if (dropped.length > 0) expect(messages[first.length]?.role).toBe('user')
        } catch (reason) {
          if (!isConversationError(reason)) throw reason
          const { prompt_tokens } = estimateUsage({ messages: [...first, ...question] }, null, countTokens)
          expect(reason).toMatchObject({
            code: 'context_too_long',
            details: { tokens: prompt_tokens, limit: window - answer },
          })
          expect(prompt_tokens).toBeGreaterThan(window - answer)
        }
      }),
    )
  })

  it('drops no more than it has to', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 60, max: 400 }), (before, window) => {
        const question = [user('?')]
        const budget = { contextTokens: window, answerTokens: 0, countTokens }
        const { dropped } = fitContext({ history: before, question }, budget)
        fc.pre(dropped.length > 0)
        // One turn more would not fit.
        const start = dropped.findLastIndex(({ role }, at) => role === 'user' || at === 0)
        const { prompt_tokens } = estimateUsage({ messages: [...before.slice(start), ...question] }, null, countTokens)
        expect(prompt_tokens).toBeGreaterThan(window)
      }),
    )
  })

  it('drops nothing where there is no budget', () => {
    const { messages, dropped } = fitContext({ history: [user('One'), assistant('1')], question: [user('Two')] })
    expect(messages).toHaveLength(3)
    expect(dropped).toEqual([])
  })

  it('keeps the calls with their results, and with the question that led to them', () => {
    const calls: RequestMessage[] = [
      user('Weather?'),
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
    ]
    const question: RequestMessage[] = [{ role: 'tool', tool_call_id: 'a', content: 'Sunny' }]
    const before = [user('x'.repeat(50)), assistant('Yes.'), ...calls]
    const { messages } = fitContext({ history: before, question }, { contextTokens: 70, answerTokens: 0, countTokens })
    expect(messages).toEqual([...calls, ...question])
    expect(() =>
      fitContext({ history: before, question }, { contextTokens: 40, answerTokens: 0, countTokens }),
    ).toThrow(/context_too_long/)
  })

  it('counts the tools, and instructions that are too long by themselves', () => {
    const question = [user('?')]
    const tools = [{ type: 'function' as const, function: { name: 'f', parameters: {} } }]
    const { tokens } = fitContext({ question, tools }, { countTokens })
    expect(tokens).toBe(estimateUsage({ messages: question, tools }, null, countTokens).prompt_tokens)
    const long = [{ role: 'system' as const, content: 'x'.repeat(100) }]
    expect(() => fitContext({ instructions: long, question: [] }, { contextTokens: 100, countTokens })).toThrow(
      /112 tokens/,
    )
  })

  it('keeps a quarter free for the answer, but not more than 4,096 tokens', () => {
    const limitOf = (contextTokens: number) => {
      try {
        return fitContext({ question: [user('x'.repeat(1_000_000))] }, { contextTokens, countTokens }).tokens
      } catch (reason) {
        return isConversationError(reason) && reason.code === 'context_too_long' ? reason.details.limit : reason
      }
    }
    expect([limitOf(1_000), limitOf(128_000)]).toEqual([750, 123_904])
  })

  it.for([-1, Number.NaN, '8000'])('knows no budget of %j', (contextTokens) => {
    // @ts-expect-error some of them are no numbers
    expect(() => fitContext({ question: [] }, { contextTokens })).toThrow(/contextTokens must be a number of tokens/)
  })
})

describe('promptMessages', () => {
  it('sends no call without its result, no result before all calls, and nothing of an assistant that says nothing', () => {
    fc.assert(
      fc.property(history, (before) => {
        const prompt = promptMessages(before)
        expect(prompt).toHaveLength(before.length)
        for (const [at, message] of prompt.entries()) {
          if (message?.role !== 'assistant') continue
          const results = prompt.slice(at + 1)
          const end = results.findIndex((next) => next?.role !== 'tool')
          const answered = (end === -1 ? results : results.slice(0, end)).flatMap((next) =>
            next?.role === 'tool' ? [next.tool_call_id] : [],
          )
          for (const { id } of message.tool_calls ?? []) expect(answered).toContain(id)
          expect(message.content || message.tool_calls?.length).toBeTruthy()
        }
        // Nobody else is touched, but for results at the beginning: their calls were not read.
        const begin = before.findIndex(({ role }) => role !== 'tool')
        for (const [at, message] of before.entries())
          if (message.role !== 'assistant') expect(prompt[at]).toBe(at < begin ? undefined : message)
      }),
    )
  })
})

describe('readHistory', () => {
  it('ends for any store, and reads no message twice', async () => {
    const links = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      fc.constantFrom('a', 'b', 'c', 'd', 'e', 'gone', null),
    )
    await fc.assert(
      fc.asyncProperty(links, fc.integer({ min: 1, max: 5 }), async (parents, limit) => {
        const read: string[] = []
        const { messages, unread } = await readHistory(
          'a',
          (id) => {
            read.push(id)
            return id in parents ? { id, parentMessageId: parents[id] ?? null } : undefined
          },
          limit,
        )
        expect(new Set(read).size).toBe(read.length)
        expect(messages.length).toBeLessThanOrEqual(limit)
        expect(messages.map(({ id }) => id).reverse()).toEqual(read.filter((id) => id in parents))
        for (const [at, { parentMessageId }] of messages.entries())
          expect(parentMessageId).toBe(at === 0 ? (unread?.messageId ?? null) : messages[at - 1]?.id)
      }),
    )
  })
})
