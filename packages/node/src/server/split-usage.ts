import { type ChatCompletionChunk, mergeChunk } from '@deltawire/core'

export interface UsageSplit {
  /** What of a chunk goes on now. `undefined` when nothing does. */
  pass(chunk: ChatCompletionChunk): ChatCompletionChunk | undefined
  /** The last chunk of a stream that came to its end. */
  end(): ChatCompletionChunk | undefined
}

/**
 * Takes the usage out of a stream and gives it once, in a last chunk without choices, as official servers do.
 *
 * Other providers put it on the last choice, or on every chunk. A client that did not ask for it gets none.
 */
export function splitUsage(isAsked: boolean): UsageSplit {
  let account: ChatCompletionChunk | undefined
  return {
    pass(chunk) {
      if (chunk.usage === undefined || (chunk.usage === null && isAsked)) return chunk
      const { usage, ...rest } = chunk
      if (!usage) return rest
      if (!isAsked) return chunk.choices.length > 0 || saysMore(rest) ? rest : undefined
      if (chunk.choices.length > 0) {
        account = mergeChunk(account, { ...envelopeOf(chunk), choices: [], usage })
        return { ...chunk, usage: null }
      }
      account = mergeChunk(account, chunk)
      return undefined
    },
    end: () => account,
  }
}

const envelopeOf = ({ id, object, created, model }: ChatCompletionChunk) => ({ id, object, created, model })

/** What every chunk repeats. */
const REPEATED = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'service_tier',
  'system_fingerprint',
  'obfuscation',
])

const saysMore = (chunk: object): boolean => Object.keys(chunk).some((key) => !REPEATED.has(key))
