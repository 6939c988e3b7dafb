import { reasoningOf, textOf, type ChatCompletionChunk } from '@deltawire/core'
import { estimateTokens } from '@deltawire/node'
import type { Answered } from '../chat/create-printer.ts'
import { inSeconds, speedOf, ttftOf } from '../chat/usage-line.ts'
import { Interrupted } from '../io.ts'
import type { Column } from './column-lines.ts'

/** How far an answer has come. Each step makes a new one. */
export interface Progress {
  readonly model: string
  readonly startedAt: number
  /** When the first chunk was there. */
  readonly firstAt?: number
  readonly text: string
  readonly thoughts: string
  readonly ended?: Ended
}

type Ended = Pick<Answered, 'completion' | 'error' | 'figures' | 'usage'> & {
  /** What went wrong, in words that may be shown. */
  readonly problem: string
}

export function begun(model: string, startedAt: number): Progress {
  return { model, startedAt, text: '', thoughts: '' }
}

export function advanced(progress: Progress, { choices }: ChatCompletionChunk, now: number): Progress {
  let { text, thoughts } = progress
  for (const { index, delta } of choices) {
    if (index !== 0) continue
    text += textOf(delta) + (delta.refusal ?? '')
    thoughts += reasoningOf(delta)
  }
  return { ...progress, text, thoughts, firstAt: progress.firstAt ?? now }
}

export function ended(progress: Progress, end: Ended): Progress {
  return { ...progress, ended: end }
}

/** As it looks at a moment. */
export function columnAt(progress: Progress, now: number): Column {
  const { model, text } = progress
  const figures = [stateAt(progress, now), ...speedAt(progress, now)].join(' · ')
  const problem = progress.ended?.problem ?? ''
  return { title: model, figures, text: text.trimEnd(), ...(problem !== '' && { foot: problem }) }
}

function stateAt({ startedAt, firstAt, text, thoughts, ended: end }: Progress, now: number): string {
  if (end !== undefined) return stateOf(end)
  if (firstAt === undefined) return `waiting ${Math.floor((now - startedAt) / 1000)} s`
  return text === '' && thoughts !== '' ? 'thinking' : 'answering'
}

function stateOf({ completion, error }: Ended): string {
  if (error !== null) return error instanceof Interrupted ? 'stopped' : 'failed'
  const first = completion?.choices[0]
  if (first?.message.refusal) return 'refused'
  const reason = first?.finish_reason ?? 'stop'
  return reason === 'stop' ? 'done' : `done (${reason})`
}

/** The same figures as stand beneath an answer that has ended; until then the tokens are estimated. */
function speedAt({ startedAt, firstAt, text, thoughts, ended: end }: Progress, now: number): string[] {
  const figures = end?.figures ?? {
    chunks: 0,
    totalMs: now - startedAt,
    ...(firstAt !== undefined && { firstChunkMs: firstAt - startedAt }),
  }
  if (figures.firstChunkMs === undefined) return end === undefined ? [] : [inSeconds(figures.totalMs)]
  const usage = end?.usage ?? { completion_tokens: estimateTokens(thoughts) + estimateTokens(text), estimated: true }
  return [ttftOf(figures), speedOf(usage, figures)].filter((part) => part !== undefined)
}
