import type { Clock } from './clock.ts'
import type { TerminalHold, TerminalUse } from './hold-terminal.ts'

/** Everything a command touches outside itself. Tests hand in their own. */
export interface Io {
  readonly stdin: Input
  /** The answer and nothing else. */
  readonly stdout: Output
  /** Everything else. */
  readonly stderr: Output
  readonly env: Environment
  /** The folder in which the command was called. */
  readonly cwd: string
  /** Goes to another folder, and tells where that is. Absent where there is only one. */
  readonly enterFolder?: (folder: string) => string
  /** Aborted by Ctrl-C, with an {@link Interrupted} as the reason. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly fetch: typeof fetch
  /** The streams of the terminal, for a command that edits lines in it. Absent where there is none. */
  readonly terminal?: () => Terminal
  /** Takes the terminal for a screen, or for keys, of one's own. Absent where there is no process that could leave it. */
  readonly holdTerminal?: (use: TerminalUse) => TerminalHold
}

export interface Terminal {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
}

export interface Input extends AsyncIterable<Uint8Array> {
  readonly isTTY: boolean
}

export interface Output {
  readonly isTTY: boolean
  /** The width of the terminal, now; nothing where there is none. */
  readonly columns?: () => number | undefined
  /** Its height. */
  readonly rows?: () => number | undefined
  /**
   * Resolves when more may be written, and leaves the process within one turn of the event loop.
   *
   * Bytes leave as they are, also on a terminal: they are for pipes and files.
   *
   * @throws {OutputClosed} when the reader has gone (`| head -c 1`)
   */
  write(text: Uint8Array | string): Promise<void>
  /** Resolves when all that was written has left the process. */
  flush(): Promise<void>
  /** Writes before it returns, behind everything that waits. Only of a terminal. */
  writeNow?(text: string): void
}

export type Environment = Readonly<Record<string, string | undefined>>

/** The reader of our output has left. A normal end, as for `cat`. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

/** Ctrl-C, a polite `kill`, a terminal that was closed. */
export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type StopSignal = (typeof stopSignals)[number]

/** The user wants us to stop. What has arrived is kept. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly signal: StopSignal

  constructor(signal: StopSignal) {
    super(signal === 'SIGINT' ? 'stopped by Ctrl-C' : `stopped by ${signal}`)
    this.signal = signal
  }
}
