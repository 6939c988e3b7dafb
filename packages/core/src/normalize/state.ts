import type { ChatCompletionChunk } from '../chunk.ts'
import type { RepairName } from './normalize.ts'
import type { ToolCalls } from './tool-calls.ts'
import type { Warning } from './warning.ts'

/** What the caller knows about the stream and the wire does not say. */
export interface NormalizeOptions {
  /**
   * How many choices the request asked for.
   *
   * With `1` every choice is choice 0: TGI 1.4 and Foundry Local count tokens in `choices[].index`.
   */
  n?: number | undefined
  /**
   * Whether every delta repeats all the text so far (DashScope with `incremental_output=false`).
   *
   * Off by default: `"ha"` followed by `"haha"` is legal text, and only the caller can know.
   */
  cumulative?: boolean | undefined
  /**
   * Called for every repair at the moment it is made, also for those that are no warning: a linter's ear.
   *
   * `@deltawire/core/repairs` tells what each is about.
   */
  onRepair?: ((repair: RepairName) => void) | undefined
}

/** What a stream's chunks have established so far. */
export interface StreamState {
  readonly options: NormalizeOptions
  id: string
  created: number
  model: string
  /** Whether the top level has carried usage. */
  hasUsage: boolean
  readonly choices: Map<number, ChoiceState>
  /** How many events there were, and how many chunks in them. */
  events: number
  chunks: number
  /** How many characters the answer may still grow by. */
  room: number
  /** How many characters a chunk adds to the answer, given all that came before. */
  readonly weigh: (chunk: ChatCompletionChunk) => number
  /** What could not be decided so far. */
  readonly warnings: Warning[]
  /** Grows with what may have later events read otherwise, and is told nowhere else. */
  turns: number
}

/** What one choice's chunks have established so far. */
export interface ChoiceState {
  readonly stream: StreamState
  /** Once there is one. */
  calls: ToolCalls | undefined
  /** Whether anything has been collected: a whole message then replaces it, else it is the first delta. */
  begun: boolean
  finished: boolean
  /** The legacy `function_call`, as the only call there is, once there is one. */
  functionCall: ToolCalls | undefined
  /** Base64 that cannot be sent on yet, because more bytes may follow within its last group. */
  audioTail: string
  /** With `cumulative`: all the text so far, by field. */
  texts: Map<string, string> | undefined
}
