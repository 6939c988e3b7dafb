import type { FlagValues, Run } from '../arguments/command.ts'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Io, Output } from '../io.ts'
import { splitEvents } from '../mock/split-events.ts'
import { RecordedBreak, type Capture } from '../recording/read-recording.ts'
import type { Read } from '../recording/recording.ts'
import { createTextWriter } from '../render/create-text-writer.ts'
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
  const write = writerOf(io.stdout)
  const steps: Step[] = []
  const times = flags.loop ?? 1
  for (let round = 0; round < times; round++) {
    const pace = createPace(flags.speed, io)
    if (round === 0) {
      for (const source of sources) {
        for await (const step of stepsOf(await source.open(), flags)) {
          if (times > 1) steps.push(step)
          await pace(step.pauseMs)
          await write(step.bytes)
        }
      }
    } else {
      for (const step of steps) {
        await pace(step.pauseMs)
        await write(step.bytes)
      }
    }
    // A loop over nothing would spin.
    if (times > 1 && steps.length === 0) break
  }
  return exitCode.complete
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
    for await (const { atMs, bytes } of head === undefined ? eventsOf(reads, flags.gap) : reads) {
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

/** The events of a file that knows no times, one after the other. */
async function* eventsOf(reads: AsyncIterable<Read>, gapMs: number): AsyncGenerator<Read> {
  let atMs = 0
  let rest: Uint8Array = new Uint8Array()
  for await (const { bytes } of reads) {
    const events = splitEvents(Buffer.concat([rest, bytes]))
    // The last may go on.
    rest = events.pop() ?? new Uint8Array()
    for (const event of events) {
      yield { atMs, bytes: event }
      atMs += gapMs
    }
  }
  if (rest.length > 0) yield { atMs, bytes: rest }
}

/** Bytes as they are, for a pipe; as text that is safe to show, on a terminal. */
function writerOf(output: Output): (bytes: Uint8Array) => Promise<void> {
  if (!output.isTTY) return (bytes) => output.write(bytes)
  const writer = createTextWriter(output)
  const decoder = new TextDecoder()
  return (bytes) => writer.write(decoder.decode(bytes, { stream: true }))
}
