import { run } from '../src/run.ts'
import { OutputClosed, type Io, type Output } from '../src/io.ts'

export interface CliOptions {
  /** In these pieces; a terminal when absent. */
  stdin?: Iterable<Uint8Array | string> | string | undefined
  env?: Record<string, string> | undefined
  /** Which outputs are terminals. */
  isTTY?: boolean | undefined
  signal?: AbortSignal | undefined
  fetch?: typeof fetch | undefined
  sleep?: Io['clock']['sleep'] | undefined
  /** The reader of standard output leaves after so many writes. */
  closesAfter?: number | undefined
  onStdout?: ((text: string) => void) | undefined
}

export interface CliResult {
  code: number
  stdout: string
  stderr: string
  /** How often standard output was written to. */
  writes: number
}

/** One run of the command line inside this process, with nothing of the process in it. */
export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { isTTY = false, closesAfter = Infinity } = options
  const stdout = memory(isTTY, closesAfter, options.onStdout)
  const stderr = memory(isTTY)
  let now = 0
  const code = await run(argv, {
    stdin: input(options.stdin),
    stdout,
    stderr,
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
    clock: { now: () => now++, sleep: options.sleep ?? untilAborted },
    fetch: options.fetch ?? fetch,
  })
  return { code, stdout: stdout.text, stderr: stderr.text, writes: stdout.writes }
}

/** Time stands still; only the signal ends the wait. */
async function untilAborted(_: number, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
}

function input(given: CliOptions['stdin']): Io['stdin'] {
  const pieces = typeof given === 'string' ? [given] : (given ?? [])
  return {
    isTTY: given === undefined,
    async *[Symbol.asyncIterator]() {
      for (const piece of pieces) yield typeof piece === 'string' ? new TextEncoder().encode(piece) : piece
    },
  }
}

function memory(isTTY: boolean, closesAfter = Infinity, onText?: (text: string) => void) {
  const output: Output & { text: string; writes: number } = {
    isTTY,
    text: '',
    writes: 0,
    async write(text) {
      if (output.writes >= closesAfter) throw new OutputClosed('the output was closed')
      output.writes += 1
      output.text += text
      onText?.(text)
    },
    flush: async () => {},
  }
  return output
}
