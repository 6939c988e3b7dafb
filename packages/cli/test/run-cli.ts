import { run } from '../src/run.ts'
import { OutputClosed, type Io, type Output } from '../src/io.ts'

export interface CliOptions {
  /** In these pieces; a terminal when absent. */
  stdin?: Iterable<Uint8Array | string> | string | undefined
  env?: Record<string, string> | undefined
  /** Where no project is, when absent. */
  cwd?: string | undefined
  enterFolder?: Io['enterFolder'] | undefined
  /** Which outputs are terminals. */
  isTTY?: boolean | undefined
  /** How wide they are. */
  columns?: number | undefined
  signal?: AbortSignal | undefined
  fetch?: typeof fetch | undefined
  sleep?: Io['clock']['sleep'] | undefined
  /** All of it; by default every look at it is a millisecond later, and time stands still while somebody sleeps. */
  clock?: Io['clock'] | undefined
  /** The reader of standard output leaves after so many writes. */
  closesAfter?: number | undefined
  onStdout?: ((text: string) => void) | undefined
  onStderr?: ((text: string) => void) | undefined
}

export interface CliResult {
  code: number
  stdout: string
  /** The same, as bytes. */
  bytes: Uint8Array
  stderr: string
  /** How often standard output was written to. */
  writes: number
}

/** One run of the command line inside this process, with nothing of the process in it. */
export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { isTTY = false, closesAfter = Infinity } = options
  const stdout = memory(isTTY, closesAfter, options.onStdout, options.columns)
  const stderr = memory(isTTY, Infinity, options.onStderr, options.columns)
  let now = 0
  const code = await run(argv, {
    stdin: input(options.stdin),
    stdout,
    stderr,
    env: options.env ?? {},
    cwd: options.cwd ?? '/',
    ...(options.enterFolder && { enterFolder: options.enterFolder }),
    signal: options.signal ?? new AbortController().signal,
    clock: options.clock ?? { now: () => now++, date: () => now++, sleep: options.sleep ?? untilAborted },
    fetch: options.fetch ?? fetch,
  })
  return { code, stdout: stdout.text, bytes: stdout.bytes, stderr: stderr.text, writes: stdout.writes }
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

function memory(isTTY: boolean, closesAfter = Infinity, onText?: (text: string) => void, columns?: number) {
  const pieces: Uint8Array[] = []
  const output: Output & { readonly text: string; readonly bytes: Uint8Array; writes: number } = {
    isTTY,
    columns: () => columns,
    get text() {
      return Buffer.concat(pieces).toString('utf8')
    },
    get bytes() {
      return new Uint8Array(Buffer.concat(pieces))
    },
    writes: 0,
    async write(text) {
      if (output.writes >= closesAfter) throw new OutputClosed('the output was closed')
      output.writes += 1
      pieces.push(Buffer.from(text))
      onText?.(typeof text === 'string' ? text : new TextDecoder().decode(text))
    },
    flush: async () => {},
  }
  return output
}
