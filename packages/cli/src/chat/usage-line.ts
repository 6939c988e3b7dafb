import type { Usage } from '@deltawire/node'
import type { Price } from '../config/config-schema.ts'
import type { Figures } from '../render/figures.ts'

/** `512 in · 230 out (64 reasoning) · 1.9 s · ttft 0.31 s · 121 tok/s · $0.0041`; what is estimated has a `~`. */
export function usageLine(usage: Usage, figures: Figures, cost: number | undefined): string {
  const about = aboutOf(usage)
  const reasoning = usage.completion_tokens_details?.reasoning_tokens
  return [
    `${about}${usage.prompt_tokens} in`,
    `${about}${usage.completion_tokens} out${reasoning ? ` (${reasoning} reasoning)` : ''}`,
    inSeconds(figures.totalMs),
    ttftOf(figures),
    speedOf(usage, figures),
    cost !== undefined && `${about}$${cost.toFixed(4)}`,
  ]
    .filter((part) => typeof part === 'string')
    .join(' · ')
}

/** Until the first chunk: `ttft 0.31 s`. */
export function ttftOf({ firstChunkMs }: Figures): string | undefined {
  return firstChunkMs === undefined ? undefined : `ttft ${inSeconds(firstChunkMs)}`
}

/** `121 tok/s` from the first chunk on. Two chunks at once tell no speed. */
export function speedOf(
  usage: Pick<Usage, 'completion_tokens' | 'estimated'>,
  { firstChunkMs = 0, totalMs }: Figures,
): string | undefined {
  const streamedMs = totalMs - firstChunkMs
  if (streamedMs < 50) return undefined
  const speed = usage.completion_tokens / (streamedMs / 1000)
  return `${aboutOf(usage)}${speed.toFixed(speed < 10 ? 1 : 0)} tok/s`
}

function aboutOf({ estimated }: Pick<Usage, 'estimated'>): string {
  return estimated === true ? '~' : ''
}

export function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)} s`
}

/** In the currency of the prices, which are per million tokens. */
export function costOf(
  { prompt_tokens, completion_tokens, prompt_tokens_details }: Usage,
  price: Price | undefined,
): number | undefined {
  if (price === undefined) return undefined
  const cached = price.cachedIn === undefined ? 0 : (prompt_tokens_details?.cached_tokens ?? 0)
  const cost = (prompt_tokens - cached) * price.in + cached * (price.cachedIn ?? 0) + completion_tokens * price.out
  return cost / 1_000_000
}

/** By profile and model, or by the model alone. */
export function priceOf(
  prices: Readonly<Record<string, Price>> | undefined,
  profile: string | undefined,
  model: string,
): Price | undefined {
  for (const name of profile === undefined ? [model] : [`${profile}/${model}`, model]) {
    if (prices !== undefined && Object.hasOwn(prices, name)) return prices[name]
  }
  return undefined
}
