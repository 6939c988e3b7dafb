import type { FlagValues, Run } from '../arguments/command.ts'
import { CliError } from '../cli-error.ts'
import { exitCode, exitCodeOf } from '../exit-code.ts'
import type { Io, Output } from '../io.ts'
import { createBlockScanner, createLineScanner, type Block } from '../lint/locate-blocks.ts'
import { RecordedBreak, type Capture } from '../recording/read-recording.ts'
import type { Read } from '../recording/recording.ts'
import { chunkForms } from '../render/chunk-forms.ts'
import { createTextWriter } from '../render/create-text-writer.ts'
import { reportError } from '../report.ts'
import { createHold } from '../source/create-hold.ts'
import { foldSource } from '../source/fold-source.ts'
import { openSources } from '../source/open-source.ts'
import type { flags } from './replay.command.ts'

type Flags = FlagValues<typeof flags>

/** One read, and how long after the one before it. */
interface Step {
  readonly pauseMs: number
  readonly bytes: Uint8Array
}

export const replay: Run<typeof flags> = async ({ flags, arguments: names }, io) => {
  const sources = await openSources(names, flags, io)
  const steps: Step[] = []
  const times = flags.loop ?? 1
  let code: number = exitCode.complete
  for (let round = 0; round < times; round++) {
    const pace = createPace(flags.speed, io)
    async function* paced(given: AsyncIterable<Step> | Iterable<Step>, keep?: (bytes: number) => void) {
      for await (const step of given) {
        if (keep !== undefined) {
          keep(step.bytes.length)
          steps.push(step)
        }
        await pace(step.pauseMs)
        yield step.bytes
      }
    }
    if (round === 0) {
      for (const source of sources) {
        const keep = times > 1 ? createHold(source.name, { hint: 'without --loop nothing is kept' }) : undefined
        const own = await write(paced(stepsOf(await source.open(), flags), keep), flags, io)
        code ||= own
      }
    } else await write(paced(steps), flags, io)
    // A loop over nothing would spin.
    if (times > 1 && steps.length === 0) break
  }
  return code
}

/** Writes the bytes as they are, or what they mean. Returns the exit code. */
async function write(bytes: AsyncIterable<Uint8Array>, flags: Flags, io: Io): Promise<number> {
  if (flags.format === 'bytes') {
    const writeBytes = writerOf(io.stdout)
    for await (const piece of bytes) await writeBytes(piece)
    return exitCode.complete
  }
  const form = chunkForms[flags.format](io.stdout)
  const fold = await foldSource(bytes, { clock: io.clock, onChunk: (chunk) => form.chunk?.(chunk) })
  await form.end?.(fold)
  if (io.signal.aborted) throw io.signal.reason
  if (fold.error === null) return exitCode.complete
  await reportError(io, flags, fold.error)
  return exitCodeOf(fold.error)
}

/** Waits between steps. Times are counted from the beginning, so that delays do not add up. */
function createPace(speed: number, { clock, signal }: Io) {
  const startedAt = clock.now()
  let dueMs = 0
  return async (pauseMs: number): Promise<void> => {
    if (speed > 0) {
      dueMs += pauseMs / speed
      const waitMs = startedAt + dueMs - clock.now()
      if (waitMs > 0) await clock.sleep(waitMs, signal)
    }
    if (signal.aborted) throw signal.reason
  }
}

async function* stepsOf({ head, reads }: Capture, flags: Flags): AsyncGenerator<Step> {
  const { from = 0, until = Infinity, 'max-gap': maxGap = Infinity } = flags
  let before = from
  try {
    for await (const { atMs, bytes } of hasTimes(head) ? reads : eventsOf(reads, flags.gap)) {
      const at = atMs ?? before
      if (at > until) return
      if (at < from) continue
      yield { pauseMs: Math.min(maxGap, Math.max(0, at - before)), bytes }
      before = at
    }
  } catch (error) {
    if (!(error instanceof RecordedBreak)) throw error
    throw new CliError(exitCode.broken, `the connection broke here when this was recorded (${error.code})`)
  }
}

function hasTimes(head: Capture['head']): boolean {
  return head !== undefined && head.timed !== false
}

/** The events of a file that knows no times, one after the other. */
async function* eventsOf(reads: AsyncIterable<Read>, gapMs: number): AsyncGenerator<Read> {
  const lines = createLineScanner()
  const blocks = createBlockScanner()
  let atMs = 0
  function* timed(found: readonly Block[]) {
    for (const { bytes } of found) {
      yield { atMs, bytes }
      atMs += gapMs
    }
  }
  for await (const { bytes } of reads) for (const line of lines.push(bytes)) yield* timed(blocks.push(line))
  for (const line of lines.end()) yield* timed(blocks.push(line))
  yield* timed(blocks.end())
}

/** Bytes as they are, for a pipe; as text that is safe to show, on a terminal. */
function writerOf(output: Output): (bytes: Uint8Array) => Promise<void> {
  if (!output.isTTY) return (bytes) => output.write(bytes)
  const writer = createTextWriter(output)
  const decoder = new TextDecoder()
  return (bytes) => writer.write(decoder.decode(bytes, { stream: true }))
}
