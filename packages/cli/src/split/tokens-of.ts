/**
 * The tokens of a text, as OpenAI's models since GPT-4o have them (`o200k_base`). One that is half of a character stays
 * with its other half.
 */
export async function loadTokens(): Promise<(text: string) => string[]> {
  const { decodeGenerator, encode } = await import('gpt-tokenizer/encoding/o200k_base')
  return (text) => {
    const tokens: string[] = []
    for (const part of partsOf(text)) {
      let start = 0
      // By their lengths: half of a surrogate pair comes back as another character.
      for (const { length } of decodeGenerator(encode(part, plainText))) {
        if (length > 0) tokens.push(part.slice(start, start + length))
        start += length
      }
    }
    return tokens
  }
}

/** What looks like a special token is text here. */
const plainText = { disallowedSpecial: new Set<string>() }

/** What no language writes: the time for a word grows with the square of its length. */
const longRun = /[\p{L}\p{M}]{500}|\s{500}|[^\s\p{L}\p{M}\p{N}]{500}/gu

function partsOf(text: string): string[] {
  const ends = [...text.matchAll(longRun)].map(({ index, 0: run }) => index + run.length)
  return [...ends, text.length].map((end, at) => text.slice(ends[at - 1] ?? 0, end)).filter((part) => part !== '')
}
