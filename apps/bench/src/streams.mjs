// Streams to measure with: the shape that OpenAI sends in 2026, seeded, so that every run reads the same bytes.

/** Small words of four characters on average, ASCII and not, as tokens are. */
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

/** `count` chunks of text between a role chunk and an end. */
export function* textChunks(count, seed = 1) {
  const next = numbers(seed)
  yield chunk([choice({ role: 'assistant', content: '', refusal: null })])
  for (let i = 0; i < count; i++) yield chunk([choice({ content: WORDS[next(WORDS.length)] })])
  yield chunk([choice({}, 'stop')])
  yield chunk([], { usage: { prompt_tokens: 9, completion_tokens: count, total_tokens: count + 9 } })
}

/** One tool call whose arguments grow to `length` characters, four at a time. */
export function* toolChunks(length, seed = 2) {
  yield chunk([
    choice({
      role: 'assistant',
      content: null,
      tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'write_file', arguments: '' } }],
    }),
  ])
  for (const text of pieces(jsonText(length, seed), 4))
    yield chunk([choice({ tool_calls: [{ index: 0, function: { arguments: text } }] })])
  yield chunk([choice({}, 'tool_calls')])
}

/** Text again, first as reasoning: half and half. */
export function* reasoningChunks(count, seed = 3) {
  const next = numbers(seed)
  yield chunk([choice({ role: 'assistant', content: null, reasoning_content: '' })])
  for (let i = 0; i < count; i++) {
    const word = WORDS[next(WORDS.length)]
    yield chunk([
      choice(i < count / 2 ? { content: null, reasoning_content: word } : { content: word, reasoning_content: null }),
    ])
  }
  yield chunk([choice({}, 'stop')])
}

/** Four choices that take turns; only the first one is read, as all readers here do. */
export function* choiceChunks(count, seed = 4) {
  const next = numbers(seed)
  for (let index = 0; index < 4; index++) yield chunk([{ ...choice({ role: 'assistant', content: '' }), index }])
  for (let i = 0; i < count; i++) yield chunk([{ ...choice({ content: WORDS[next(WORDS.length)] }), index: next(4) }])
  for (let index = 0; index < 4; index++) yield chunk([{ ...choice({}, 'stop'), index }])
}

/** A JSON document of about `length` characters: lines of a file, numbers, nested objects. */
export function jsonText(length, seed = 2) {
  const next = numbers(seed)
  const lines = []
  let size = 0
  while (size < length) {
    const line = {
      text: Array.from({ length: 8 }, () => WORDS[next(WORDS.length)]).join(''),
      at: next(1000),
      tags: ['a', 'b'],
    }
    size += JSON.stringify(line).length + 1
    lines.push(line)
  }
  return JSON.stringify({ path: 'notes.md', lines })
}

export const pieces = (text, size) => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []

/** The bytes of chunks as a server sends them, cut into reads of `size` bytes; one event per read with `0`. */
export function* reads(chunks, size) {
  const encoder = new TextEncoder()
  if (size === 0) {
    for (const one of chunks) yield encoder.encode(`data: ${JSON.stringify(one)}\n\n`)
    yield encoder.encode('data: [DONE]\n\n')
    return
  }
  let text = ''
  for (const one of chunks) {
    text += `data: ${JSON.stringify(one)}\n\n`
    while (text.length >= size) {
      yield encoder.encode(text.slice(0, size))
      text = text.slice(size)
    }
  }
  yield encoder.encode(`${text}data: [DONE]\n\n`)
}
