import type { CompletionUsage } from '@deltawire/core'

/** What was measured of a stream on its way. */
export interface Figures {
  readonly chunks: number
  /** As they came, after unzipping. Absent when the stream did not come as bytes through our hands. */
  readonly bytes?: number
  /** From the beginning to the first chunk. Absent when there was none. */
  readonly firstChunkMs?: number
  readonly totalMs: number
}

/** `24 chunks · 4.1 kB · first chunk 0.31 s · total 1.9 s · 12 tokens in · 48 out (16 reasoning)` */
export function figuresLine({ chunks, bytes, firstChunkMs, totalMs }: Figures, usage?: CompletionUsage | null): string {
  return [
    `${chunks} ${chunks === 1 ? 'chunk' : 'chunks'}`,
    bytes !== undefined && inBytes(bytes),
    firstChunkMs !== undefined && `first chunk ${inSeconds(firstChunkMs)}`,
    `total ${inSeconds(totalMs)}`,
    usage && usageText(usage),
  ]
    .filter((part) => typeof part === 'string')
    .join(' · ')
}

function usageText({ prompt_tokens, completion_tokens, completion_tokens_details }: CompletionUsage): string {
  const reasoning = completion_tokens_details?.reasoning_tokens
  const thoughts = reasoning ? ` (${reasoning} reasoning)` : ''
  return `${prompt_tokens} tokens in · ${completion_tokens} out${thoughts}`
}

function inBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

function inSeconds(ms: number): string {
  return ms < 100 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`
}
