// Streams to measure with: the shape that OpenAI sends in 2026, seeded, so that every run reads the same bytes.

/** Tokens of about four characters as models send them: mostly plain, some with escapes, some not ASCII. */
const WORDS = [
  ' the',
  ' of',
  ' and',
  ' 日本',
  ' code',
  '\n',
  ' é',
  ' "x"',
  ' delta',
  ' is',
  ' 😀',
  ' sum',
  ' chunk',
  '.',
  ' a',
  ' in',
]

/** A seeded generator of numbers below `n` (mulberry32). */
export function numbers(seed) {
  let state = seed
  return (n) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

export const wordOf = (next) => WORDS[next(WORDS.length)]

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Padding that hides how long a token is. */
export const paddingOf = (next, length) =>
  Array.from({ length: Math.max(0, 12 - length) + next(4) }, () => LETTERS[next(LETTERS.length)]).join('')

const chunk = (choices, rest = {}) => ({
  id: 'chatcmpl-CvEbvZSNqxkGiWgrbjMQpZZKk8gzF',
  object: 'chat.completion.chunk',
  created: 1767786191,
  model: 'gpt-5.1-2025-11-13',
  service_tier: 'default',
  system_fingerprint: 'fp_29330a9688',
  choices,
  usage: null,
  ...rest,
})

const choice = (delta, finish_reason = null) => ({ index: 0, delta, logprobs: null, finish_reason })

const usage = (count) =>
  chunk([], { usage: { prompt_tokens: 9, completion_tokens: count, total_tokens: count + 9 }, obfuscation: '' })

/** A chunk of one text, with its padding. */
const padded = (next, one, text) => chunk([one], { obfuscation: paddingOf(next, text.length) })

/**
 * The shapes people have: what begins a stream, `count` chunks of its middle, and what ends it.
 *
 * The middle may be repeated: it is no end of anything.
 */
export const SHAPES = {
  text: (count, next = numbers(1)) => ({
    head: [chunk([choice({ role: 'assistant', content: '', refusal: null })])],
    *middle() {
      for (let i = 0; i < count; i++) {
        const text = wordOf(next)
        yield padded(next, choice({ content: text }), text)
      }
    },
    tail: [chunk([choice({}, 'stop')]), usage(count)],
  }),
  'tool arguments': (count, next = numbers(2)) => ({
    head: [
      chunk([
        choice({
          role: 'assistant',
          content: null,
          tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'write_file', arguments: '' } }],
        }),
      ]),
    ],
    *middle() {
      for (const text of pieces(jsonText(count * 4, next), 4).slice(0, count))
        yield padded(next, choice({ tool_calls: [{ index: 0, function: { arguments: text } }] }), text)
    },
    tail: [chunk([choice({}, 'tool_calls')]), usage(count)],
  }),
  reasoning: (count, next = numbers(3)) => ({
    head: [chunk([choice({ role: 'assistant', content: null, reasoning_content: '' })])],
    *middle() {
      for (let i = 0; i < count; i++) {
        const text = wordOf(next)
        yield chunk([choice({ content: null, reasoning_content: text })])
      }
    },
    // What one reads of it is text again.
    tail: [
      chunk([choice({ content: 'done', reasoning_content: null })]),
      chunk([choice({ content: '', reasoning_content: null }, 'stop')]),
    ],
  }),
  'n = 4': (count, next = numbers(4)) => ({
    head: [0, 1, 2, 3].map((index) => chunk([{ ...choice({ role: 'assistant', content: '' }), index }])),
    *middle() {
      for (let i = 0; i < count; i++) {
        const text = wordOf(next)
        yield padded(next, { ...choice({ content: text }), index: next(4) }, text)
      }
    },
    tail: [0, 1, 2, 3].map((index) => chunk([{ ...choice({}, 'stop'), index }])),
  }),
  logprobs: (count, next = numbers(5)) => ({
    head: [chunk([{ ...choice({ role: 'assistant', content: '' }), logprobs: { content: [], refusal: null } }])],
    *middle() {
      const encoder = new TextEncoder()
      const token = (text) => ({ token: text, logprob: -next(1_000_000) / 65_536, bytes: [...encoder.encode(text)] })
      for (let i = 0; i < count; i++) {
        const text = wordOf(next)
        const top_logprobs = [text, wordOf(next), wordOf(next), wordOf(next), wordOf(next)].map(token)
        const logprobs = { content: [{ ...top_logprobs[0], top_logprobs }], refusal: null }
        yield padded(next, { ...choice({ content: text }), logprobs }, text)
      }
    },
    tail: [chunk([choice({}, 'stop')])],
  }),
}

export const eventOf = (value) => `data: ${JSON.stringify(value)}\n\n`

/** A JSON document of about `length` characters: lines of a file, numbers, nested objects. */
export function jsonText(length, next = numbers(2)) {
  const lines = []
  let size = 0
  while (size < length) {
    const line = { text: Array.from({ length: 8 }, () => wordOf(next)).join(''), at: next(1000), tags: ['a', 'b'] }
    size += JSON.stringify(line).length + 1
    lines.push(line)
  }
  return JSON.stringify({ path: 'notes.md', lines })
}

/** A text in pieces of so many characters; a character that two units make up is not cut. */
export const pieces = (text, size) => text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? []
