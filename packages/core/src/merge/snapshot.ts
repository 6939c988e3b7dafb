import type { ChatCompletionChunk } from '../chunk.ts'
import { define } from '../define.ts'
import { isObject, type Obj } from '../is-object.ts'
import { hasPlaces } from './places.ts'

/**
 * A view of a growing sum that never changes again.
 *
 * Costs one small copy per container (choices, calls, their fields), whatever the length of the answer: texts are shared,
 * and a long list that only ever gets longer is cut to its present length when somebody first looks at it.
 */
export function snapshotOf(sum: ChatCompletionChunk): ChatCompletionChunk {
  // A frozen copy has the shape of what was copied.
  return freeze(sum) as ChatCompletionChunk
}

/** An object with everything in it that may still change. A list is none, only its items are. */
function freeze(value: unknown): unknown {
  if (!isObject(value)) return value
  const view: Obj = {}
  for (const [key, field] of Object.entries(value)) {
    if (Array.isArray(field)) putList(view, key, field)
    else view[key] = freeze(field)
  }
  return view
}

/** Longer lists than this are cut only when read: logprobs and token ids have one item per token. */
const LONG = 32

function putList(view: Obj, key: string, list: unknown[]): void {
  const length = list.length
  // Only items that merge by place change after they were added, and the last of the content parts.
  if (length <= LONG || hasPlaces(list)) {
    view[key] = list.map(freeze)
    return
  }
  const last = freeze(list[length - 1])
  let copy: unknown[] | undefined
  // The accessor stays, rather than turn into the value when it is read: whoever freezes snapshots would break that.
  define(view, key, { get: () => (copy ??= [...list.slice(0, length - 1), last]) })
}
