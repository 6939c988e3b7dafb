// Streams as providers send them, with texts that are hard to read and bytes that are not as they should be. Seeded.

/** A seeded generator of whole numbers below `n` (mulberry32). */
export function numbers(seed: number): (n: number) => number {
  let state = seed | 0
  return (n) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

type Random = ReturnType<typeof numbers>

/** Texts as they stand in JSON, between the quotes. */
const TEXTS = [
  ' the',
  ' a',
  '',
  'x',
  ' 日本',
  '😀',
  'é',
  '\\n',
  '\\"',
  '\\\\',
  '\\/',
  '\\u00e9',
  '\\ud83d\\ude00',
  '\\ud83d',
  '\\ude00',
  '\\u0000',
  '\\u007b',
  '\\u007D',
  '{}',
  '{',
  '}',
  '{\\"a\\":',
  '\\"},\\"finish_reason\\":null}]}',
  '\\n\\ndata: [DONE]',
  '</think>',
  '[DONE]',
  'ü😀\\t日',
  'a'.repeat(70),
  'ab日\\u00e9'.repeat(160),
  '\\\\\\"',
  '\uE000',
  '\uE001',
  '\uE000',
  '\uE002',
  '\\ud83d\uE003',
  '\uE004',
]

/** Bytes that do not belong there. */
const INVALID = ['\\x', '\\xab12', '\\u12', '\u0001', '"', '\\', '\t']

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T

interface Shape {
  delta: (text: string, random: Random, at: number) => string
  rest?: (random: Random, at: number) => string
  choice?: (random: Random) => number
  beside?: string | ((text: string, random: Random) => string)
}

const logprob = (text: string, random: Random): string =>
  `{"token":"${text}","logprob":${pick(random, ['-0.1', '-9.0883464e-7', '0', '-1E400', '0.0', '-0'])},"bytes":${pick(random, ['[32,100]', 'null', '[]', '[ 7 ]'])}}`

/** Lists whose items merge by place, and lists that are nested. */
const LISTS = [
  '[]',
  '[7]',
  '[{"index":0,"text":"a"}]',
  '[{"index":0,"type":"t","id":"x","text":"b"},{"index":1}]',
  '[[[[[[1]]]]]]',
  '[null,"]"]',
  '[{"__proto__":{"a":1}}]',
  '[{"\\u005f_proto__":1}]',
  '[{"a":1,"a":[2]}]',
  'null',
  '"no list"',
  '{"0":1}',
]

/** What the providers of the recordings send, event after event. */
const SHAPES: readonly Shape[] = [
  {
    delta: (text) => `{"content":"${text}"}`,
    rest: (random) => `,"usage":null,"obfuscation":"${'ab12'.repeat(random(3))}"`,
  },
  { delta: (text) => `{"role":"assistant","content":"${text}"}` },
  { delta: (text) => `{"reasoning_content":"${text}","content":null}`, beside: ',"logprobs":null' },
  {
    delta: (text) =>
      `{"content":"","reasoning":"${text}","reasoning_details":[{"type":"reasoning.text","text":"${text}","index":0}]}`,
  },
  { delta: (text) => `{"tool_calls":[{"index":0,"function":{"arguments":"${text}"}}]}` },
  {
    delta: (text) =>
      `{"tool_calls":[{"index":0,"id":"","type":"function","function":{"name":"","arguments":"${text}"}}]}`,
  },
  { delta: (text) => `{"tool_calls":[{"function":{"arguments":"${text}"}}]}` },
  {
    delta: (text, random) =>
      `{"tool_calls":[{"index":0,"function":{"arguments":"${random(2) === 0 ? '' : text}"}},{"index":0,"function":{"arguments":7}}]}`,
  },
  {
    delta: (text, random) =>
      `{"tool_calls":[{"index":0,"id":"call_${random(2)}","function":{"name":"f","arguments":"${text}"}}]}`,
  },
  { delta: (text) => `{"content":"${text}"}`, choice: (random) => random(3) },
  { delta: (text) => `{"content":[{"type":"text","text":"${text}"}]}` },
  {
    delta: (text) => `{"content":[{"type":"thinking","thinking":[{"type":"text","text":"${text}"}]}]}`,
    rest: (random) => `,"p":"${'abc'.slice(random(3))}"`,
  },
  {
    delta: (text) => `{"content":"${text}"}`,
    rest: (_random, at) => `,"usage":{"prompt_tokens":9,"completion_tokens":${at},"total_tokens":${at + 9}}`,
  },
  {
    delta: (text) => `{"content":"${text}"}`,
    choice: (random) => random(3),
    rest: (_random, at) => `,"usage":{"completion_tokens":${at}}`,
  },
  { delta: (text, random) => `{"content":"${text}","token_id":${random(1000)}}` },
  { delta: (text, random) => `{"content":"${text}","token_id":${random(2)},"token_id":1}` },
  {
    delta: (text) => `{"content":"${text}"}`,
    rest: (random) => ',"p":"PAD","p":"PAD"'.replaceAll('PAD', 'ab'.repeat(random(9))),
  },
  {
    delta: (text) => `{"content":"${text}","refusal":null}`,
    beside: ',"content_filter_results":{"hate":{"filtered":false}}',
  },
  { delta: (text) => `{"content":"${text}"}`, beside: ',"logprobs":{"content":[{"token":"a","logprob":-0.1}]}' },
  {
    delta: (text) => `{"content":"${text}"}`,
    beside: (text, random) =>
      `,"logprobs":{"content":[${logprob(text, random)}],"refusal":${random(9) === 0 ? '[]' : 'null'}}`,
    rest: (random) => `,"obfuscation":"${'ab12'.repeat(random(3))}"`,
  },
  {
    delta: (text) => `{"refusal":"${text}"}`,
    beside: (text, random) =>
      `,"logprobs":{"content":null,"refusal":[${logprob(text, random).replace('}', `,"top_logprobs":[${logprob(text, random)}]}`)}]}`,
  },
  { delta: (text) => `{"content":"${text}"}`, beside: ',"token_ids":[1,2]' },
  {
    delta: (text) => `{"content":"${text}"}`,
    choice: (random) => random(2),
    beside: (_text, random) => `,"token_ids":[${random(9)}]`,
  },
  { delta: (text) => `{"content":"${text}"}`, beside: (_text, random) => `,"extra":${pick(random, LISTS)}` },
  {
    delta: (text) => `{"content":"${text}"}`,
    beside: (_text, random) => `,"logprobs":{"content":${pick(random, LISTS)}}`,
  },
  { delta: (text) => `{"content":"${text}","annotations":[{"type":"x"}]}` },
  { delta: (text, random) => `{"content":"${random(2) === 0 ? 'x' : text}","content":"${text}"}` },
  {
    delta: (text) => `{"content":"${text}"}`,
    rest: (random) => `,"service_tier":"${pick(random, ['default', 'flex'])}"`,
  },
  // What may say later that the stream has failed.
  {
    delta: (text) => `{"content":"${text}"}`,
    rest: (random) => `,"error":${pick(random, ['""', '""', '""', '""', '""', '0', '"boom"'])}`,
  },
  {
    delta: (text) => `{"content":"${text}"}`,
    rest: (random) => `,"type":"${pick(random, ['chunk', 'chunk', 'chunk', 'chunk', 'chunk', 'error'])}"`,
  },
  {
    delta: (text) => `{"content":"${text}"}`,
    beside: (_text, random) => `,"error":${pick(random, ['[]', '[]', '[]', '[]', '[]', '["boom"]'])}`,
  },
  // What normalizing copies to another place.
  {
    delta: (text) => `{"content":"${text}"}`,
    rest: (random) =>
      `,"x_groq":{"usage":{"message":"${random(9)}","delta":"${random(9)}","obfuscation":"${random(9)}"}}`,
  },
  {
    delta: (text) =>
      `{"tool_calls":[{"index":[0],"id":"call_a","type":"function","function":{"arguments":"${text}"}}]}`,
  },
  { delta: (text) => `null,"text":"${text}"` },
  { delta: (text) => `{},"message":{"content":"${text}"}` },
  { delta: (text) => `{"content":"${text}"},"message":{"content":"${text}"}` },
  { delta: (text) => `{"content":"${text}"},"text":"${text}"` },
  { delta: (text) => `{"audio":{"data":"${text}"}}` },
  { delta: (text) => `{"function_call":{"name":"f","arguments":"${text}"}}` },
]

const ENDS = ['\n\n', '\n\n', '\n\n', '\n\n', '\r\n\r\n', '\n', '\r\r', '\n\n\n']

/** One stream of `count` events. */
export function streamOf(random: Random, count: number): Uint8Array {
  const shapes = [pick(random, SHAPES), pick(random, SHAPES)] as const
  const hostility = random(4)
  const end = hostility < 2 ? '\n\n' : pick(random, ENDS)
  let created = 1_750_000_000
  let text = ''
  const opening = `{"role":"assistant","content":"","tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"f","arguments":""}}]}`
  if (random(2) === 0) text += event(opening, 0, created, 'null', '', '') + '\n\n'
  for (let at = 0; at < count; at++) {
    const shape = shapes[random(8) === 0 ? 1 : 0]
    if (random(30) === 0) created++
    const piece = Array.from({ length: 1 + random(2) }, () => pick(random, TEXTS)).join('')
    const finish = random(60) === 0 ? '"stop"' : 'null'
    let one = event(
      shape.delta(piece, random, at),
      shape.choice?.(random) ?? 0,
      created,
      finish,
      typeof shape.beside === 'function' ? shape.beside(piece, random) : (shape.beside ?? ''),
      shape.rest?.(random, at) ?? '',
    )
    if (hostility > 0 && random(12) === 0) one = spoil(one, random)
    text += one + (random(40) === 0 ? pick(random, ENDS) : end)
    if (random(50) === 0) text += ': keep-alive\n\n'
  }
  if (random(3) > 0) text += 'data: [DONE]\n\n'
  const bytes = halved(new TextEncoder().encode(text))
  if (hostility === 3)
    for (let i = random(4); i > 0; i--)
      bytes[random(bytes.length)] = pick(random, [0x80, 0xff, 0xe4, 0x0a, 0x22, 0x5c, 0x7d, 0x00])
  return bytes
}

/** What private characters stand for: the halves of one that is cut in two by its server, and bytes that are none. */
const BROKEN: { readonly [last: number]: readonly number[] } = {
  0x80: [0xe4],
  0x81: [0xb8, 0xad],
  0x82: [0xc3],
  0x83: [0xed, 0xa0, 0xbd],
  0x84: [0xd8, 0x3d],
}

function halved(bytes: Uint8Array): Uint8Array {
  const out: number[] = []
  for (let i = 0; i < bytes.length; i++) {
    const broken = bytes[i] === 0xee && bytes[i + 1] === 0x80 ? BROKEN[bytes[i + 2] ?? 0] : undefined
    if (broken === undefined) out.push(bytes[i] ?? 0)
    else {
      out.push(...broken)
      i += 2
    }
  }
  return Uint8Array.from(out)
}

function event(delta: string, index: number, created: number, finish: string, beside: string, rest: string): string {
  return `data: {"id":"c","object":"chat.completion.chunk","created":${created},"model":"m","choices":[{"index":${index},"delta":${delta}${beside},"finish_reason":${finish}}]${rest}}`
}

/** An event that is not quite as the others are. */
function spoil(one: string, random: Random): string {
  const at = 6 + random(Math.max(1, one.length - 6))
  switch (random(13)) {
    case 0:
      return one.slice(0, at)
    case 1:
      return one.slice(0, at) + one.slice(at + 1 + random(3))
    case 2:
      return one.slice(0, at) + pick(random, INVALID) + one.slice(at)
    case 3:
      return one.replace(
        /"content":"([^"\\]*)"/,
        pick(random, ['"content":"$1","content":""', '"content":"other","content":"$1"', '"content":"$1\uE002""']),
      )
    case 4:
      return one.replace('"content":', '"cont\\u0065nt":')
    case 5:
      return one.replace(
        '"index":0',
        pick(random, ['"index":00', '"index":0.0', '"index":-0', '"index":"0"', '"index":1e0', '"index":7']),
      )
    case 6:
      return one.replace('"delta":{', '"delta":{"__proto__":{"a":1},')
    case 7:
      return one.replace(
        'data: ',
        pick(random, ['data:', 'data:  ', 'event: x\ndata: ', 'id: 1\ndata: ', ' data: ', 'Data: ']),
      )
    case 8:
      return one.replace('"choices":', '"error":{"message":"no"},"choices":')
    case 9:
      return one.replaceAll(',"', ' , "')
    case 10:
      return one.replace(/^data: \{(.*?),(.*)\}$/, 'data: {$2,$1}')
    case 11:
      return one.replace(/(?<="(?:content|refusal|token_ids|extra)":)\[/, () =>
        pick(random, ['[[', '[,', '[ ', '[\t', '[\n', '[\r', '{']),
      )
    default:
      return one.replace('{"id":"c"', pick(random, ['{"id":"d"', '{"id":""', '{"id":7', '{']))
  }
}

/** Cuts bytes into pieces at random places. */
export function* cutRandomly(bytes: Uint8Array, random: Random): Generator<Uint8Array> {
  const most = pick(random, [1, 3, 40, 400, 5_000, Number.POSITIVE_INFINITY])
  for (let at = 0; at < bytes.length;) {
    const size = Number.isFinite(most) ? 1 + random(most) : bytes.length
    yield bytes.slice(at, at + size)
    at += size
  }
}
