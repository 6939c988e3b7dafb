import type { ChatCompletionChunk } from '@deltawire/core'
import type { FlagValues, Run } from '../arguments/command.ts'
import { readingOptions } from '../arguments/reading-flags.ts'
import { usageError } from '../arguments/usage-error.ts'
import { compareFolds, isSame, type Difference } from '../diff/compare-folds.ts'
import { wordDiff } from '../diff/word-diff.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { colorsOn, type Colors } from '../render/colors.ts'
import { visible, visibleJson } from '../render/visible.ts'
import { collectReads } from '../recording/collect-reads.ts'
import { foldSource, type Fold } from '../source/fold-source.ts'
import { openSources, type Source } from '../source/open-source.ts'
import type { flags } from './diff.command.ts'

type Flags = FlagValues<typeof flags>

interface Reading {
  readonly fold: Fold
  readonly chunks: readonly ChatCompletionChunk[]
  /** Of the first read and of the last. */
  readonly timing: readonly [firstMs: number, lastMs: number] | undefined
}

export const diff: Run<typeof flags> = async ({ flags, arguments: names }, io) => {
  if (names.length !== 2) throw usageError('diff compares two sources', 'deltawire diff before.jsonl after.jsonl')
  const readings: Reading[] = []
  for (const source of await openSources(names, flags, io)) readings.push(await read(source, flags, io))
  const [first, second] = readings
  if (first === undefined || second === undefined) return exitCode.bug
  const differences = differencesOf(first, second, flags)
  const colors = colorsOn(io.stdout, io.env)
  for (const difference of differences) {
    await io.stdout.write(
      flags.json
        ? `${visibleJson(JSON.stringify({ v: 1, type: 'difference', ...withNulls(difference) }))}\n`
        : textOf(difference, colors),
    )
  }
  return differences.length > 0 ? exitCode.findings : exitCode.complete
}

async function read(source: Source, flags: Flags, io: Io): Promise<Reading> {
  const chunks: ChatCompletionChunk[] = []
  const { head, reads: given } = await source.open()
  const { reads, bytes, broke } = await collectReads(given, source.name)
  async function* body() {
    yield bytes
    if (broke !== undefined) throw broke
  }
  const fold = await foldSource(body(), {
    clock: io.clock,
    ...readingOptions(flags),
    onChunk: (chunk) => void chunks.push(chunk),
  })
  if (io.signal.aborted) throw io.signal.reason
  const times = reads.map(({ atMs }) => atMs).filter((atMs) => atMs !== undefined)
  const [firstMs] = times
  const lastMs = times.at(-1)
  const hasTimes = head !== undefined && firstMs !== undefined && lastMs !== undefined
  return { fold, chunks, timing: hasTimes ? [firstMs, lastMs] : undefined }
}

function differencesOf(first: Reading, second: Reading, flags: Flags): Difference[] {
  const all = compareFolds(first.fold, second.fold, flags.strict)
  if (flags.text) return all.filter(({ what }) => what.endsWith('.text'))
  return [...all, ...(flags.chunks ? cuts(first, second) : []), ...(flags.timing ? pauses(first, second) : [])]
}

/** How the answers were cut: how many chunks, and the first that is another. */
function cuts({ chunks: a }: Reading, { chunks: b }: Reading): Difference[] {
  const at = a.findIndex((chunk, index) => !isSame(chunk.choices, b[index]?.choices))
  const place = at === -1 && b.length > a.length ? a.length : at
  return [
    ...(a.length === b.length ? [] : [{ what: 'chunks', first: a.length, second: b.length }]),
    ...(place === -1 ? [] : [{ what: `chunk ${place + 1}`, first: a[place]?.choices, second: b[place]?.choices }]),
  ]
}

function pauses({ timing: a }: Reading, { timing: b }: Reading): Difference[] {
  return ['first read (ms)', 'last read (ms)']
    .map((what, index) => ({ what, first: a?.[index], second: b?.[index] }))
    .filter(({ first, second }) => first !== second)
}

function withNulls({ what, first = null, second = null }: Difference) {
  return { what, first, second }
}

function textOf({ what, first, second }: Difference, { red, green }: Colors): string {
  if (typeof first !== 'string' || typeof second !== 'string' || (!/\s/.test(first) && !/\s/.test(second))) {
    return `${what}: ${red(shown(first))} → ${green(shown(second))}\n`
  }
  const pieces = wordDiff(first, second)
  const common = pieces.reduce((length, { kind, text }) => length + (kind === 'both' ? text.trim().length : 0), 0)
  // Two texts that have little in common are easier to read one behind the other.
  if (common < Math.max(first.length, second.length) / 2) {
    return `${what}:\n${red(marked('- ', first))}\n${green(marked('+ ', second))}\n`
  }
  const line = pieces.map(({ kind, text }) => {
    const safe = visible(text)
    if (kind === 'both') return shortened(safe)
    return kind === 'first' ? red(`[-${safe}-]`) : green(`{+${safe}+}`)
  })
  return `${what}:\n    ${line.join('').replaceAll('\n', '\n    ')}\n`
}

function marked(mark: string, text: string): string {
  return visible(text).replaceAll(/^/gm, `    ${mark}`)
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  return visibleJson(JSON.stringify(value))
}

/** What both have is only there to say where one is. */
function shortened(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 50)} … ${text.slice(-50)}`
}
