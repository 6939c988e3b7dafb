// What people stream: one entry for each shape, in the envelope that OpenAI sends in 2026. A shape is what opens the
// stream, one chunk per delta, and what closes it; dialects.mjs has the same for every other provider.
import { jsonText, pieces } from './json-text.mjs'
import { word, words } from './words.mjs'

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

/** OpenAI pads each event with a few characters, so that its length does not tell the token. */
const padded = (choices, next) => chunk(choices, { obfuscation: 'x7Kq2mW9bR4tYs'.slice(next(12)) })

const choice = (delta, rest = {}) => ({ index: 0, delta, logprobs: null, finish_reason: null, ...rest })
const first = (delta) => [chunk([choice({ role: 'assistant', ...delta })])]
const last = (count, reason = 'stop') => [
  chunk([choice({}, { finish_reason: reason })]),
  chunk([], { usage: { prompt_tokens: 9, completion_tokens: count, total_tokens: count + 9 } }),
]

const CHOICES = [0, 1, 2, 3]

const logprob = (token, next) => ({
  token,
  logprob: -next(10_000) / 1000,
  bytes: [...new TextEncoder().encode(token)],
})

const argumentsOf = (text) => ({ tool_calls: [{ index: 0, function: { arguments: text } }] })

/** @type {Record<string, import('./shape.mjs').Shape>} */
export const SHAPES = {
  text: {
    about: 'text, a token per chunk',
    open: () => first({ content: '', refusal: null }),
    delta: (at, next) => padded([choice({ content: word(next) })], next),
    close: last,
  },
  'long-text': {
    about: 'text, sixteen tokens per chunk',
    open: () => first({ content: '', refusal: null }),
    delta: (at, next) => padded([choice({ content: words(next, 16) })], next),
    close: last,
  },
  tool: {
    about: 'tool arguments, four characters per chunk',
    open: () =>
      first({
        content: null,
        tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'write_file', arguments: '' } }],
      }),
    deltas: function* (count, next) {
      // A document has more characters than it is asked for, and the last piece closes it.
      const list = pieces(jsonText(Math.max(0, (count - 60) * 4)))
      const closed = list.length <= count ? list : pieces(jsonText(0))
      for (let at = 0; at < count; at++) yield padded([choice(argumentsOf(closed[at] ?? ' '))], next)
    },
    close: (count) => last(count, 'tool_calls'),
  },
  reasoning: {
    about: 'reasoning, then as much text',
    open: () => first({ content: null, reasoning_content: '' }),
    delta: (at, next, count) =>
      chunk([
        choice(
          at < count / 2
            ? { content: null, reasoning_content: word(next) }
            : { content: word(next), reasoning_content: null },
        ),
      ]),
    close: last,
  },
  choices: {
    about: 'n = 4, interleaved',
    open: () => CHOICES.map((index) => chunk([choice({ role: 'assistant', content: '' }, { index })])),
    delta: (at, next) => padded([choice({ content: word(next) }, { index: next(4) })], next),
    close: (count) => [
      ...CHOICES.map((index) => chunk([choice({}, { index, finish_reason: 'stop' })])),
      ...last(count).slice(1),
    ],
  },
  logprobs: {
    about: 'text with logprobs and two alternatives',
    open: () => first({ content: '', refusal: null }),
    delta(at, next) {
      const token = word(next)
      const top_logprobs = [logprob(token, next), logprob(word(next), next)]
      const content = [{ ...logprob(token, next), top_logprobs }]
      return padded([choice({ content: token }, { logprobs: { content, refusal: null } })], next)
    },
    close: last,
  },
}
