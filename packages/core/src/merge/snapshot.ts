import type { ChatCompletionChunk } from '../chunk.ts'
import { isObject, type Obj } from '../is-object.ts'
import { hold, longList } from '../long-list.ts'
import { hasPlaces } from './places.ts'

/**
 * A view of a growing sum that never changes again.
 *
 * Costs one small copy per container (choices, calls, their fields), whatever the length of the answer: texts are shared,
 * and a long list that only ever gets longer is cut to its present length when somebody first looks at it.
 */
export const snapshotOf =
  // A frozen copy has the shape of what was copied.
  freeze as (sum: ChatCompletionChunk) => ChatCompletionChunk

/** An object with everything in it that may still change. A list is none, only its items are. */
function freeze(value: unknown): unknown {
  // Longer lists than this are cut only when read: logprobs and token ids have one item per token.
  const long = 32
  if (!isObject(value)) return value
  const view: Obj = {}
  for (const [key, field] of Object.entries(value)) {
    if (!Array.isArray(field)) view[key] = freeze(field)
    // Only items that merge by place change after they were added, and the last of the content parts.
    else if (field.length <= long || hasPlaces(field)) view[key] = field.map(freeze)
    else hold(view, key, longList(field, freeze(field.at(-1))))
  }
  return view
}
