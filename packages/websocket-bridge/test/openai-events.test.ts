import { type ChatCompletionChunk, textOf } from '@deltawire/core'
import { afterEach, describe, expect, test } from 'vitest'
import { answerOf } from './support/chunks.ts'
import { all, type Event } from './support/events.ts'
import { createStage } from './support/listen.ts'

const { serve, clear } = createStage()
afterEach(clear)

const WORDS = ['Hel', 'lo, ', 'wor', 'ld', '!']
const request = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Hi' }], stream: true }),
}

const contentOf = (events: readonly Event[]): string =>
  events
    .filter(({ data }) => data !== '[DONE]')
    .map(({ data }) => textOf(JSON.parse(data) as ChatCompletionChunk))
    .join('')

/** What a client got that asked, and how it asks on from a place. */
async function answer() {
  const { url } = await serve({
    open: async function* () {
      yield* answerOf(...WORDS)
    },
  })
  const response = await fetch(`${url}/v1/chat/completions`, request)
  const events = await all(response)
  const id = response.headers.get('x-stream-id') ?? ''
  const resume = async (from: string) =>
    all(await fetch(`${url}/v1/streams/${id}/events?format=openai`, { headers: { 'last-event-id': from } }))
  return { events, resume }
}

describe('chunks as OpenAI sends them', () => {
  test('have a place each, and go on from any of them', async () => {
    const { events, resume } = await answer()
    expect(contentOf(events)).toBe(WORDS.join(''))
    const placed = events.filter(({ id }) => id !== undefined)
    expect(placed).toHaveLength(events.length - 1)
    for (const [at, { id = '' }] of placed.entries()) {
      const rest = await resume(id)
      expect(contentOf(events.slice(0, at + 1)) + contentOf(rest)).toBe(WORDS.join(''))
      expect(rest.map(({ event }) => event)).not.toContain('sum')
      expect(rest.at(-1)?.data).toBe('[DONE]')
    }
  })

  test('begin with their sum, and say so, for who has what is not in the stream', async () => {
    const { resume } = await answer()
    const [first, ...rest] = await resume('otherlife.3')
    expect(first).toMatchObject({ event: 'sum', id: expect.stringMatching(/\.\d+$/) })
    expect(contentOf([first as Event])).toBe(WORDS.join(''))
    expect(rest.map(({ data }) => data)).toEqual(['[DONE]'])
  })
})
