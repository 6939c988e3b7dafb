/** `error`: an ordinary client loses something or fails. `warning`: some do. `info`: not as the official server sends it. */
export type Severity = 'error' | 'info' | 'warning'

export const severities: readonly Severity[] = ['info', 'warning', 'error']

/** One kind of deviation. Its name is stable: people search for it, and silence it. */
export interface Rule {
  readonly severity: Severity
  /** What is odd, as a sentence. */
  readonly about: string
  /** What a client will do with it. */
  readonly effect: string
  /** Clients that were seen to fail, in the versions of August 2026. */
  readonly breaks?: readonly Client[]
  /** Where it was reported or is specified. */
  readonly source?: string
}

export type Client = 'LangChain.js' | 'openai-node' | 'openai-python' | 'Vercel AI SDK'

/** Where a rule was broken. */
export interface Place {
  /** Counted from 1 as a reader counts them; `undefined` for what belongs to no event. */
  readonly event: number | undefined
  /** From the first byte of the body. */
  readonly offset: number
  /** Of the body, counted from 1. */
  readonly line: number
  /** What stands there, shortened. */
  readonly text: string
}

/** What a check calls with the name of a rule. */
export type Report<Name extends string> = (rule: Name, detail?: string) => void
