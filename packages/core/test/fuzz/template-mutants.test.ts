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
    code: 'return view.getFloat64(at + length - 8, true) === doubles[last] || differs(literal, last, length - 8)',
    mutated: 'return true',
  },
  {
    without: 'comparing all of a literal',
    file: 'literal.ts',
    code: 'for (; i < last; i++, p += 8)',
    mutated: 'for (; i < 0; i++, p += 8)',
  },
  {
    without: 'comparing the bytes of a short literal',
    file: 'literal.ts',
    code: 'if (read[at + i] !== bytes[i]) return false',
    mutated: '',
  },
  {
    without: 'refusing control characters',
    file: 'string-hole.ts',
    code: 'table.fill(CONTROL, 0, 32)',
    mutated: 'table',
  },
  {
    without: 'refusing unknown escapes',
    file: 'string-hole.ts',
    code: '|| bytes[at] !== 92 || bytes[at + 1] !== 0x75) return MISS',
    mutated: ') return MISS',
  },
  {
    without: 'refusing escapes that are not hexadecimal',
    file: 'string-hole.ts',
    code: 'if (digit < 0 || digit > 15) return MISS',
    mutated: '',
  },
  {
    without: 'refusing characters that are cut',
    file: 'string-hole.ts',
    code: 'if (((bytes[i] as number) & 0xc0) !== 0x80) return MISS',
    mutated: ';',
  },
  {
    without: 'refusing halves of pairs that are not escaped',
    file: 'string-hole.ts',
    code: 'first === 0xed && (bytes[at + 1] as number) > 0x9f ? MISS : length',
    mutated: 'length',
  },
  {
    without: 'telling pairs of surrogates from halves',
    file: 'string-hole.ts',
    code: 'isHalf(second) && second > 0xdbff ?',
    mutated: 'true ?',
  },
  {
    without: 'joining pairs of surrogates',
    file: 'string-hole.ts',
    code: 'at += code > 0xffff ? 12 : 6',
    mutated: 'at += 6',
  },
  {
    without: 'decoding halves of pairs one by one',
    file: 'pending-text.ts',
    code: 'if (held < Held.halves) return',
    mutated: 'if (true) return',
  },
  {
    without: 'decoding escaped characters as UTF-8',
    file: 'string-hole.ts',
    code: 'if (code > 127) text.held |= isHalf(code) ? Held.halves : Held.unicode',
    mutated: '',
  },
  {
    without: 'decoding pending text as UTF-8',
    file: 'string-hole.ts',
    code: '      text.held |= Held.unicode\n    } else return MISS',
    mutated: '    } else return MISS',
  },
  {
    without: 'keeping what was read while the buffer is emptied',
    file: 'pending-text.ts',
    code: 'this.bytes.copyWithin(0, kept, at)',
    mutated: '',
  },
  {
    without: 'leaving a character NUL to the slow way',
    file: 'string-hole.ts',
    code: 'if (code === 0) return MISS',
    mutated: '',
  },
  {
    without: 'comparing the bytes between the values of an event and those of the one before',
    file: 'walk-json.ts',
    code: 'while (seen < from) if (bytes[at++] !== walked[seen++]) return undefined',
    mutated: 'while (seen < from) if (bytes[at++] !== walked[seen++]) continue',
  },
  {
    without: 'refusing keys that are there twice',
    file: 'walk-json.ts',
    code: ' || keys.has(key)) return false',
    mutated: ') return false',
  },
  {
    without: 'asking whether the rest adds nothing again',
    file: 'learn.ts',
    code: "if (JSON.stringify(withValues(twice, kept, 'a', 1)) !== told) return undefined",
    mutated: '',
  },
  {
    without: 'telling places of one field apart',
    file: 'pending-sum.ts',
    code: 'if (field?.latest !== undefined && field.latest !== text) return true',
    mutated: '',
  },
  {
    without: 'dropping templates when the state changes',
    file: 'byte-decoder.ts',
    code: 'if (state !== this.#state) {\n      // What the templates stand on has changed: an identity, a new call, an end.\n      this.#templates = []',
    mutated: 'if (state !== this.#state) {',
  },
  {
    without: 'telling the slow way of what has matched',
    file: 'pending-sum.ts',
    code: 'repeated.count(events, length)',
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
    code: 'return end > from && !(bytes[from] === 0x7b && bytes[end - 1] === 0x7d)',
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
    expect(differsWithin(100, await decoderOf('carry.ts', 'const LF = 10', 'const LF = 10'))).toBe(false)
  }, 120_000)
})

function differsWithin(streams: number, create: typeof createByteDecoder): boolean {
  for (let seed = 1; seed <= streams; seed++) {
    const random = numbers(seed)
    const bytes = streamOf(random, 60)
    const options = random(6) === 0 ? { maxAnswerLength: 200 + random(400) } : {}
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
