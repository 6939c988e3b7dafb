import type { Case } from './cases.ts'

/** Another way to write the stream of a case; `undefined` where it cannot be written so. */
export type Rewrite = (example: Case) => Case | undefined

type Json = { [key: string]: unknown }

/** Ways to write a stream that mean the same: other bytes, other framing, other JSON, and as two choices at once. */
export const rewrites: { readonly [way: string]: Rewrite } = {
  'with CRLF': (example) => withLines(example, '\r\n'),
  'with CR': (example) => withLines(example, '\r'),
  'behind a byte order mark': (example) =>
    /^\s*[a-z:{<]/.test(example.sse) ? { ...example, sse: `\uFEFF${example.sse}` } : undefined,
  'with comments, ids and heartbeats between events': framed(
    (data) => `: hi\nid: 7\nretry: 1\ndata: ${data}\n: x\n\ndata:\n\ndata: null\n\nevent: ping\n\n`,
  ),
  'with an event name': framed((data) => `event: chunk\ndata: ${data}\n\n`, hasChoices),
  'without blank lines': framed((data) => `data: ${data}\n`),
  'over several data lines': framed((data) => `${linesOf(data)}\n\n`),
  'with its keys in reverse': asJson(reversed),
  'with null for what is absent': asJson(withNulls),
  'with every character escaped': framed((data) => `data: ${escaped(data)}\n\n`),
  'as two equal choices': doubled,
}

function withLines(example: Case, end: string): Case | undefined {
  // A page or a JSON body has lines of its own.
  const isStream = /^\uFEFF?(?:data|event|id|retry|error|:)/.test(example.sse) && !example.sse.includes('\r')
  return isStream ? { ...example, sse: example.sse.replaceAll('\n', end) } : undefined
}

/** The data of a stream in which each event is one line of data with a JSON object or the end. */
function dataOf({ sse }: Case): string[] | undefined {
  const events = sse.split('\n\n')
  if (events.pop() !== '' || events.length === 0) return undefined
  const data = events.map((event) => /^data: (\{[^\r\n]*\}|\[DONE\])$/.exec(event)?.[1])
  return data.every((text) => text !== undefined && isWhole(text)) ? (data as string[]) : undefined
}

function isWhole(data: string): boolean {
  try {
    return data === '[DONE]' || JSON.stringify(JSON.parse(data)) === data
  } catch {
    return false
  }
}

function framed(frame: (data: string) => string, fits: (data: readonly string[]) => boolean = () => true): Rewrite {
  return (example) => {
    const data = dataOf(example)
    return data && fits(data) ? { ...example, sse: data.map((text) => frame(text)).join('') } : undefined
  }
}

/** Other JSON with the same meaning. `__proto__` would not survive it. */
function asJson(rewrite: (chunk: Json) => Json): Rewrite {
  return framed(
    (data) => `data: ${data === '[DONE]' ? data : JSON.stringify(rewrite(JSON.parse(data) as Json))}\n\n`,
    (data) => data.every((text) => !text.includes('__proto__')),
  )
}

function hasChoices(data: readonly string[]): boolean {
  return data.every((text) => text === '[DONE]' || Array.isArray((JSON.parse(text) as Json)['choices']))
}

function linesOf(data: string): string {
  const json = data === '[DONE]' ? data : JSON.stringify(JSON.parse(data), null, 1)
  return json
    .split('\n')
    .map((line) => `data: ${line}`)
    .join('\n')
}

/** Arguments that are objects become a text, in which the order counts. */
function reversed<T>(value: T, key?: string): T {
  if (typeof value !== 'object' || value === null || key === 'arguments') return value
  if (Array.isArray(value)) return value.map((item: unknown) => reversed(item)) as T
  const entries = Object.entries(value).map(([name, item]) => [name, reversed<unknown>(item, name)] as const)
  return Object.fromEntries(entries.toReversed()) as T
}

function withNulls(chunk: Json): Json {
  const { choices } = chunk
  if (!Array.isArray(choices)) return chunk
  const nulls = { content: null, refusal: null, tool_calls: null, function_call: null, reasoning: null, audio: null }
  return {
    usage: null,
    service_tier: null,
    ...chunk,
    choices: choices.map((choice: unknown) =>
      isObject(choice) && isObject(choice['delta'])
        ? { logprobs: null, ...choice, delta: { ...nulls, ...choice['delta'] } }
        : choice,
    ),
  }
}

const escaped = (data: string): string =>
  data.replaceAll(/"((?:[^"\\]|\\.)*)"/g, (_all, text: string) => {
    const units = text.replaceAll(/\\u[0-9a-f]{4}|\\.|[^]/g, (unit) =>
      unit.length > 1 ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    return `"${units}"`
  })

/** What choice 0 says, choice 1 says too, in the same chunk and in front. */
function doubled(example: Case): Case | undefined {
  const data = dataOf(example)
  const expected = example.expected as { choices: Json[] } | null
  const [only, ...others] = expected?.choices ?? []
  if (data === undefined || only === undefined || others.length > 0 || example.options?.n === 1) return undefined
  const chunks = data.map((text) => (text === '[DONE]' ? undefined : (JSON.parse(text) as Json)))
  const choices = chunks.flatMap((chunk) => (Array.isArray(chunk?.['choices']) ? (chunk['choices'] as unknown[]) : []))
  const isOnlyZero = choices.every((choice) => isObject(choice) && choice['index'] === 0)
  if (!isOnlyZero || data.some((text) => text.includes('__proto__'))) return undefined
  const { expected_text: _text, expected_reasoning: _reasoning, ...rest } = example
  return {
    ...rest,
    sse: chunks.map((chunk) => `data: ${chunk === undefined ? '[DONE]' : JSON.stringify(twice(chunk))}\n\n`).join(''),
    expected: { ...expected, choices: [only, { ...only, index: 1 }] },
    options: { ...example.options, n: 2 },
    any_string: (example.any_string ?? []).flatMap((path) => [path, path.replace('choices[0]', 'choices[1]')]),
  }
}

function twice(chunk: Json): Json {
  const { choices } = chunk
  if (!Array.isArray(choices)) return chunk
  return { ...chunk, choices: [...choices.map((choice: Json) => ({ ...choice, index: 1 })), ...(choices as Json[])] }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
