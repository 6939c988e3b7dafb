import { type CountTokens, estimateTokens } from './usage-estimate.ts'

/** How tokens are counted: a function, or exactly, by the package `gpt-tokenizer`, loaded when it comes to that. */
export type CountTokensOption = CountTokens | 'gpt-tokenizer'

type Encoding = 'cl100k_base' | 'o200k_base'

/** The function that the option stands for. */
export async function countTokensOf(option: CountTokensOption | undefined, model: string): Promise<CountTokens> {
  if (typeof option === 'function') return option
  if (option === undefined) return estimateTokens
  if (option === 'gpt-tokenizer') return loadTokenizer(model)
  throw new TypeError(`countTokens must be a function or 'gpt-tokenizer', not ${String(option)}`)
}

/**
 * The tokenizer of a model of OpenAI, from the package `gpt-tokenizer`, which has to be installed.
 *
 * Loading takes a fifth of a second and 65 MB of memory, once per encoding. For models of others it is an estimate like
 * any: each family has an encoding of its own.
 *
 * ```ts
 * const countTokens = await loadTokenizer('gpt-4o')
 * countTokens('Hello!') // 2
 * ```
 *
 * @throws TypeError (as a rejection) when the package is not installed
 */
export async function loadTokenizer(model: string): Promise<CountTokens> {
  try {
    return exact(await encodings[encodingOf(model)]())
  } catch (cause) {
    throw new TypeError('counting tokens exactly takes the package gpt-tokenizer: npm install gpt-tokenizer', { cause })
  }
}

const encodings = {
  cl100k_base: () => import('gpt-tokenizer/encoding/cl100k_base'),
  o200k_base: () => import('gpt-tokenizer/encoding/o200k_base'),
}

/** GPT-4 and GPT-3.5 have the older encoding; GPT-4o, 4.1 and 4.5 and everything since the newer one. */
function encodingOf(model: string): Encoding {
  return /(?:^|\/)gpt-(?:3|4(?!o|\.|\d))/.test(model) ? 'cl100k_base' : 'o200k_base'
}

interface Tokenizer {
  countTokens(text: string, options: { disallowedSpecial: Set<string> }): number
}

/** What looks like a special token is text here, as it is for the server. */
const plainText = { disallowedSpecial: new Set<string>() }

/**
 * What no language writes: for a word of 100,000 letters the tokenizer takes 6 to 28 seconds, because the time grows with
 * the square of its length. In pieces of 500 that is 0.1 s, and the count is off by a token per piece at most.
 */
const longRun = /[\p{L}\p{M}]{500}|\s{500}|[^\s\p{L}\p{M}\p{N}]{500}/gu

function exact(tokenizer: Tokenizer): CountTokens {
  return (text) => {
    let tokens = 0
    let start = 0
    for (const { index, 0: run } of text.matchAll(longRun)) {
      const end = index + run.length
      tokens += tokenizer.countTokens(text.slice(start, end), plainText)
      start = end
    }
    return tokens + tokenizer.countTokens(text.slice(start), plainText)
  }
}
