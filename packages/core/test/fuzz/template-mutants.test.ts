import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import type { createByteDecoder } from '../../src/decode/template/byte-decoder.ts'
import { cutRandomly, numbers, streamOf } from '../support/event-fuzzer.ts'
import { readQuickly, readSlowly } from '../support/two-ways.ts'

const folder = new URL('../../src/decode/template/', import.meta.url)

interface Mutant {
  /** What the decoder no longer does. */
  without: string
  file: string
  code: string
  mutated: string
}

/** Checks that exactness rests on, each taken out of the decoder in turn. */
const mutants: Mutant[] = [
  {
    without: 'comparing the end of a literal',
    file: 'literal.ts',
    code: ' && view.getFloat64(at + last, true) === own.getFloat64(from + last, true)',
    mutated: '',
  },
  {
    without: 'comparing all of a literal',
    file: 'literal.ts',
    code: 'while (i < last && view.getFloat64(at + i, true) === own.getFloat64(from + i, true)) i += 8',
    mutated: 'i = length',
  },
  {
    without: 'comparing the bytes of a short literal',
    file: 'literal.ts',
    code: 'if (read[at + i] !== bytes[from + i]) return false',
    mutated: '',
  },
  {
    without: 'refusing control characters',
    file: 'string-hole.ts',
    code: 'if (byte < SPACE) return MISS',
    mutated: '',
  },
  {
    without: 'refusing unknown escapes',
    file: 'string-escape.ts',
    code: 'return NAMED[name] || MISS',
    mutated: 'return NAMED[name] || name',
  },
  {
    without: 'refusing escapes that are not hexadecimal',
    file: 'string-escape.ts',
    code: 'else return MISS',
    mutated: '',
  },
  {
    without: 'refusing the rest of a character that was cut',
    file: 'string-hole.ts',
    code: 'if (to === text.length && ((bytes[at] as number) & 0xc0) === 0x80) return MISS',
    mutated: '',
  },
  {
    without: 'refusing control characters in what is looked through',
    file: 'template.ts',
    code: '.fill(1, SPACE, 0x80)',
    mutated: '.fill(1, 0, 0x80)',
  },
  {
    without: 'telling a backslash from what is plain',
    file: 'template.ts',
    code: '.fill(0, BACKSLASH, BACKSLASH + 1)',
    mutated: '',
  },
  {
    without: 'keeping halves of characters apart',
    file: 'string-escape.ts',
    code: 'else if (isHalf(unit)) {',
    mutated: 'else if (false) {',
  },
  {
    without: 'telling halves from other bytes where texts are remembered',
    file: 'pending-text.ts',
    code: ' && !this.hasHalves\n',
    mutated: '\n',
  },
  {
    without: 'leaving U+0000 to the slow way',
    file: 'string-escape.ts',
    code: 'return unit || MISS',
    mutated: 'return unit',
  },
  {
    without: 'telling that a text is not ASCII',
    file: 'string-hole.ts',
    code: 'if (byte > 0x7f) text.isAscii = false',
    mutated: '',
  },
  {
    without: 'telling that an escape is not ASCII',
    file: 'string-hole.ts',
    code: 'else if (unit > 0x7f) text.isAscii = false',
    mutated: '',
  },
  {
    without: 'decoding pending text as UTF-8',
    file: 'pending-text.ts',
    code: 'from, to, isAscii)',
    mutated: 'from, to, true)',
  },
  {
    without: 'keeping what was read while the buffer is emptied',
    file: 'pending-text.ts',
    code: 'this.bytes.copyWithin(0, kept, at)',
    mutated: '',
  },
  {
    without: 'refusing keys that are there twice',
    file: 'walk-json.ts',
    code: ' || keys.includes(raw)',
    mutated: '',
  },
  {
    without: 'asking whether a value is in the chunk as in the bytes',
    file: 'learn.ts',
    code: 'return isSame(valueAt(chunk, path), ',
    mutated: 'return (true || ',
  },
  {
    without: 'asking whether the rest adds nothing again',
    file: 'learn.ts',
    code: 'repeats: JSON.stringify(sum) === told',
    mutated: 'repeats: true',
  },
  {
    without: 'leaving what may report an error to the slow way',
    file: 'candidates.ts',
    code: ' && !REPORTING.has(name)',
    mutated: '',
  },
  {
    without: 'leaving what may report an error of a choice to the slow way',
    file: 'candidates.ts',
    code: ' && !REPORTING.has(part)',
    mutated: '',
  },
  {
    without: 'telling a text that repeats the delta from one that is the content',
    file: 'candidates.ts',
    code: "isEcho(path) && leaves.some((other) => other.path[2] === 'delta')",
    mutated: 'isEcho(path)',
  },
  {
    without: 'refusing control characters in lists',
    file: 'list-hole.ts',
    code: 'if (byte < SPACE) return MISS',
    mutated: '',
  },
  {
    without: 'counting the depth of lists',
    file: 'learn.ts',
    code: 'maxJsonDepth - path.length',
    mutated: 'maxJsonDepth',
  },
  {
    without: 'leaving what is no list to the slow way',
    file: 'list-hole.ts',
    code: 'if (bytes[from] !== OPEN_BRACKET) return MISS',
    mutated: '',
  },
  {
    without: 'keeping lists in the order of their events',
    file: 'pending-sum.ts',
    code: 'concat(hole.latest as unknown[], value as unknown[])',
    mutated: 'hole.latest = value',
  },
  {
    without: 'telling the slow way how lists have grown',
    file: 'pending-sum.ts',
    code: "if (typeof value !== 'number')",
    mutated: "if (typeof value === 'string')",
  },
  {
    without: 'telling templates of one field apart',
    file: 'pending-sum.ts',
    code: 'field !== undefined && holes.some((hole) => hole.field === field)',
    mutated: 'false',
  },
  {
    without: 'dropping templates when the state changes',
    file: 'byte-decoder.ts',
    code: 'if (state !== this.#state) {\n      // What the templates stand on has changed: an identity, a new call, an end.\n      this.#templates = []',
    mutated: 'if (state !== this.#state) {',
  },
  {
    without: 'telling the slow way how many events have matched',
    file: 'pending-sum.ts',
    code: 'stream.events += matches',
    mutated: '',
  },
  {
    without: 'telling the slow way how the answer has grown',
    file: 'pending-sum.ts',
    code: 'this.#stream.room -= lengthOf(value)',
    mutated: '',
  },
  {
    without: 'looking at limits',
    file: 'byte-decoder.ts',
    code: 'if (this.#room < 0 || length > this.#maxEventLength) return false',
    mutated: '',
  },
  {
    without: 'leaving possible echoes to the slow way',
    file: 'byte-decoder.ts',
    code: 'return call.end > call.length && !call.mayBeObject()',
    mutated: 'return true',
  },
  {
    without: 'the order of templates that took turns',
    file: 'pending-sum.ts',
    code: 'template.turn = ++this.#turns',
    mutated: 'template.turn ||= ++this.#turns',
  },
  {
    without: 'settling before an event takes the slow way',
    file: 'byte-decoder.ts',
    code: "  #parse(text: string): void {\n    if (text === '') return\n    this.#settle()",
    mutated: "  #parse(text: string): void {\n    if (text === '') return",
  },
]

/** What makes a decoder wait before it learns: mutants learn at once, so that short streams show more of them. */
const waiting = /(const FIRST_LESSON|this\.#pause) = .+/g

/** How many streams a mutant may survive. */
const STREAMS = 3_000

describe('the fuzzer notices a decoder', () => {
  it.each(mutants)(
    'without $without',
    async ({ file, code, mutated }) => {
      const create = await decoderOf(file, code, mutated)
      expect(differsWithin(STREAMS, create)).toBe(true)
    },
    120_000,
  )

  it('and none where nothing is missing', async () => {
    expect(differsWithin(100, await decoderOf('carry.ts', 'const SMALL_READ', 'const SMALL_READ'))).toBe(false)
  }, 120_000)
})

function differsWithin(streams: number, create: typeof createByteDecoder): boolean {
  for (let seed = 1; seed <= streams; seed++) {
    const random = numbers(seed)
    const bytes = streamOf(random, 60)
    const options = {
      ...(random(6) === 0 && { maxAnswerLength: 200 + random(400) }),
      ...(random(6) === 0 && { maxJsonDepth: 6 + random(5) }),
    }
    const slow = readSlowly(bytes, options)
    for (const sums of [false, true]) {
      try {
        const quick = readQuickly(cutRandomly(bytes, random), options, sums, create)
        if (quick.sum !== slow.sum || quick.error !== slow.error || quick.warnings !== slow.warnings) return true
        if (!sums && JSON.stringify(quick.chunks) !== JSON.stringify(slow.chunks)) return true
      } catch {
        return true
      }
    }
  }
  return false
}

/** The decoder with one place of its source changed. */
async function decoderOf(file: string, code: string, mutated: string): Promise<typeof createByteDecoder> {
  const source = await readFile(new URL(file, folder), 'utf8')
  expect(source.split(code), `${file} holds the place once`).toHaveLength(2)
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('byte-decoder.ts', folder))],
    bundle: true,
    write: false,
    format: 'esm',
    plugins: [
      {
        name: 'mutate',
        setup({ onLoad }) {
          onLoad({ filter: /template/ }, async ({ path }) => {
            const name = basename(path)
            const contents = name === file ? source.replace(code, () => mutated) : await readFile(path, 'utf8')
            return { contents: name === 'lessons.ts' ? contents.replaceAll(waiting, '$1 = 0') : contents, loader: 'ts' }
          })
        },
      },
    ],
  })
  const text = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')
  return ((await import(`data:text/javascript;base64,${text}`)) as { createByteDecoder: typeof createByteDecoder })
    .createByteDecoder
}
