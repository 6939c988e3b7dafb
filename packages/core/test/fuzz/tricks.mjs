// What each trick of the byte decoder is worth: the decoder as it is against the decoder without the trick, in turn, on the
// same bytes. Prints the rows of the table in src/decode/template/README.md.
//
//   node packages/core/test/fuzz/tricks.mjs [part of a trick's name]
import { Buffer } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { build } from 'esbuild'
import { createParser } from 'eventsource-parser'

const folder = new URL('../../src/decode/template/', import.meta.url)

const EVENTS = 10_000
const WORDS = [' the', ' of', ' and', 'ing', '.', ',', ' delta', '\n', ' sum', ' chunk', ' a', ' stream', '"', ' is']

/** Events as OpenAI sends them, with padding of changing length. */
function eventsOf(choices, count = EVENTS) {
  const event = (at, delta, finish = null) =>
    `data: ${JSON.stringify({
      id: 'chatcmpl-CkV9x2QmZb7TgLw4HsNf8uPyRdE1a',
      object: 'chat.completion.chunk',
      created: 1_767_225_600,
      model: 'gpt-5.1-2025-11-13',
      service_tier: 'default',
      system_fingerprint: 'fp_a1b2c3d4e5',
      choices: [{ index: at % choices, delta, logprobs: null, finish_reason: finish }],
      usage: null,
      obfuscation: 'aB3xY9kQ2mWz'.slice((at * 7) % 11),
    })}\n\n`
  const texts = Array.from({ length: count }, (_, at) =>
    event(at, { content: WORDS[(at * 5 + (at >> 3)) % WORDS.length] }),
  )
  const opening = Array.from({ length: choices }, (_, at) => event(at, { role: 'assistant', content: '' }))
  return [...opening, ...texts, event(0, {}, 'stop'), 'data: [DONE]\n\n']
}

const encoder = new TextEncoder()

function cut(events, size) {
  if (size === 0) return events.map((event) => encoder.encode(event))
  const bytes = encoder.encode(events.join(''))
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.slice(at * size, (at + 1) * size))
}

const text = cut(eventsOf(1), 1 << 16)
const streams = {
  '64 KB reads': { reads: text, units: EVENTS },
  'one event per read': { reads: cut(eventsOf(1), 0), units: EVENTS },
  'n = 4, 64 KB reads': { reads: cut(eventsOf(4), 1 << 16), units: EVENTS },
  '16 KB reads': { reads: cut(eventsOf(1), 1 << 14), units: EVENTS },
  'a stream of 5 events': { reads: cut(eventsOf(1, 2), 1 << 16), units: 1, repeat: 500 },
  'a stream of 8 events': { reads: cut(eventsOf(1, 5), 1 << 16), units: 1, repeat: 500 },
}

/** Events that are alike but for a text that is never the same and no template takes as varying. */
const unlike = Array.from(
  { length: 500 },
  (_, at) =>
    `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a"},"mark":"m${at}","finish_reason":null}]}\n\n`,
)
streams['events that never repeat'] = { reads: cut(unlike, 1 << 16), units: unlike.length, repeat: 4 }

/** `collect`: a full collection before each measurement. */
const tricks = [
  {
    trick: 'literals compared as doubles (literal.ts)',
    file: 'literal.ts',
    code: '  if (last < 0) {',
    without: '  if (true) {',
    stream: '64 KB reads',
  },
  {
    trick: 'the bytes that differed last are looked at first (literal.ts)',
    file: 'literal.ts',
    code: '  if (view.getFloat64(at + probe, true) !== own.getFloat64(from + probe, true)) return false\n',
    without: '',
    stream: 'n = 4, 64 KB reads',
  },
  {
    trick: 'plain strings read in the loop itself (template.ts)',
    file: 'template.ts',
    code: 'const near = Math.min(end, at + own.length - to)',
    without: 'const near = at',
    stream: '64 KB reads',
  },
  {
    trick: 'plain characters told by a table (template.ts)',
    file: 'template.ts',
    code: 'PLAIN[(byte = bytes[at] as number)] === 1; at++',
    without: '(byte = bytes[at] as number) >= SPACE && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH; at++',
    stream: '64 KB reads',
  },
  {
    trick: 'padding looked through and not copied (template.ts)',
    file: 'template.ts',
    code: 'else if (hole.path === undefined) {',
    without: 'else if (false) {',
    stream: '64 KB reads',
  },
  {
    trick: 'text kept as bytes and decoded when asked for (pending-text.ts)',
    file: 'pending-sum.ts',
    code: 'text.length = text.end\n',
    without: 'text.length = text.end\n      text.settle()\n',
    stream: '64 KB reads',
  },
  {
    trick: 'short texts remembered (short-text.ts)',
    file: 'pending-text.ts',
    code: 'end - length <= 8 &&',
    without: 'false &&',
    stream: '64 KB reads',
    chunks: true,
  },
  {
    trick: 'chunks filled by spreads written out (template.ts)',
    file: 'template.ts',
    code: "else if (path[0] !== 'choices') put(",
    without: 'else if (true) put(',
    stream: '64 KB reads',
    chunks: true,
  },
  {
    trick: 'small reads copied instead of viewed (carry.ts)',
    file: 'carry.ts',
    code: ' || length - at < SMALL_READ',
    without: '',
    stream: 'one event per read',
  },
  {
    trick: 'a cut event is given only what it lacks (carry.ts)',
    file: 'carry.ts',
    code: 'if (line !== -1) to = ',
    without: 'if (false) to = ',
    stream: '16 KB reads',
  },
  {
    trick: 'a decoder that outlives all streams (byte-decoder.ts)',
    file: 'byte-decoder.ts',
    code: '  if (decoders++ > 0) exemplar ??= taught(platform)\n',
    without: '',
    stream: '64 KB reads',
    collect: true,
  },
  {
    trick: 'the first events parsed in one go (byte-decoder.ts)',
    file: 'byte-decoder.ts',
    code: 'if (!due && !this.#lessons.begun)',
    without: 'if (false)',
    stream: 'a stream of 8 events',
  },
  {
    trick: 'no lesson where a read shows that too few events follow (lessons.ts)',
    file: 'lessons.ts',
    code: 'const ENOUGH = 8',
    without: 'const ENOUGH = 0',
    stream: 'a stream of 5 events',
  },
  {
    trick: 'lessons that wait longer each time they do not pay (lessons.ts)',
    file: 'lessons.ts',
    code: 'this.#pause = this.#pause * 2 + 1',
    without: 'this.#pause = 0',
    stream: 'events that never repeat',
  },
]

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const platform = {
  createSseParser(emit) {
    const parser = createParser({ onEvent: emit })
    return { push: (piece) => parser.feed(piece), end: () => parser.feed('\n\n') }
  },
  createTextDecoder: () => new TextDecoder(),
  decodeRange: (bytes, from, to, ascii) =>
    ascii ? Buffer.prototype.latin1Slice.call(bytes, from, to) : utf8.decode(bytes.subarray(from, to)),
}

/** The decoder's module, with one place of its source changed. */
async function decoderWith(file, code, changed) {
  // Settling is private, and one of the changes calls it.
  const opened = (source) => source.replaceAll('#settle', 'settle')
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('byte-decoder.ts', folder))],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    plugins: [
      {
        name: 'change',
        setup({ onLoad }) {
          onLoad({ filter: /template/ }, async ({ path }) => {
            const source = await readFile(path, 'utf8')
            if (basename(path) === file && source.split(code).length !== 2)
              throw new Error(`${file}: not once: ${code}`)
            const contents = basename(path) === file ? source.replace(code, () => changed) : source
            return { contents: basename(path) === 'pending-text.ts' ? opened(contents) : contents, loader: 'ts' }
          })
        },
      },
    ],
  })
  const module = Buffer.from(outputFiles[0].contents).toString('base64')
  return (await import(`data:text/javascript;base64,${module}`)).createByteDecoder
}

function run(create, { reads, repeat = 1 }, chunks) {
  for (let i = 0; i < repeat; i++) {
    const decoder = create(platform, {}, !chunks)
    for (const read of reads) {
      decoder.push(read)
      decoder.take()
    }
    decoder.end()
    decoder.sum()
  }
}

const ROUNDS = 60
setFlagsFromString('--expose-gc')
const collectAll = runInNewContext('gc')

for (const { trick, file, code, without, stream, chunks = false, collect = false } of tricks) {
  if (!trick.includes(process.argv[2] ?? '')) continue
  const candidates = [await decoderWith(file, code, without), await decoderWith(file, code, code)]
  const samples = candidates.map(() => [])
  const { units, repeat = 1 } = streams[stream]
  for (let round = 0; round < ROUNDS; round++)
    for (const [at, create] of candidates.entries()) {
      if (collect) collectAll()
      const begin = process.cpuUsage()
      run(create, streams[stream], chunks)
      const { user, system } = process.cpuUsage(begin)
      if (round >= ROUNDS / 4) samples[at].push(((user + system) * 1000) / units / repeat)
    }
  const [before, after] = samples.map((list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 4)])
  const told = (ns) => (ns >= 10_000 ? `${Math.round(ns / 1000)} µs` : `${Math.round(ns)} ns`)
  const what = `${chunks ? 'chunks' : 'sum'}, ${stream}${collect ? ', a full collection before each stream' : ''}`
  console.log(`| ${trick} | ${what} | ${told(before)} | ${told(after)} |`)
}
