import type { ChatCompletionChunk } from '../../chunk.ts'
import { isProse } from '../../merge/extras.ts'
import { ENVELOPE } from '../../normalize/answer-length.ts'
import { REPORTING } from '../upstream-error.ts'
import { valueAt } from './template.ts'
import type { Leaf, Path } from './walk-json.ts'

// Which events may repeat, and which of their values may vary: those that normalizing does not look at more closely. What
// becomes of them is found by merging (learn.ts).

/** One choice that says something, without anything whose normalizing looks back: whole messages, audio, legacy calls, new calls. */
export function mayRepeat({ choices }: ChatCompletionChunk): boolean {
  const [choice, ...others] = choices
  if (choice === undefined || others.length > 0) return false
  const { delta, whole_message } = choice
  if (whole_message || delta.audio || delta.function_call || Object.keys(delta).length === 0) return false
  const [call, ...more] = delta.tool_calls ?? []
  if (call === undefined) return true
  const { id, type, function: fn, custom } = call
  return more.length === 0 && (id ?? type ?? fn?.name ?? custom?.name) === undefined
}

/**
 * Whether the same event opens a call once the arguments before it are whole: one with a name, or with an id and no index.
 * Nothing in its bytes would tell.
 */
export function mayOpen(leaves: readonly Leaf[]): boolean {
  const says = (name: string, depth: number): boolean =>
    leaves.some(
      ({ path, raw }) => path[3] === 'tool_calls' && path[depth] === name && path.length === depth + 1 && raw !== '',
    )
  return says('name', 6) || (says('id', 5) && !says('index', 5))
}

/** The name of padding against eavesdroppers: of the chunk (OpenAI) or of the choice (Bedrock). */
const PADDING = 'obfuscation'

/** Whether normalizing always drops a value. What repeats the delta is the content where there is none. */
export const isPadding = ({ path }: Leaf, leaves: readonly Leaf[], chunk: ChatCompletionChunk): boolean =>
  valueAt(chunk, path) === undefined &&
  (path.at(-1) === PADDING || (isEcho(path) && leaves.some((other) => other.path[2] === 'delta')))

/** Whether a value here repeats the delta (cases 075 and 120). */
const isEcho = ({ length, 2: part }: Path): boolean => part === 'message' || (part === 'text' && length === 3)

/** Whether a value may be another in the next event, as far as neither normalizing nor a look for errors needs to see it. */
export function mayVary({ path, kind }: Leaf): boolean {
  const [name, , part, field] = path
  if (name === 'usage') return path.length > 1
  if (name !== 'choices') return path.length === 1 && !ENVELOPE.has(name as string) && !REPORTING.has(name)
  if (part !== 'delta') return isEcho(path) || part === PADDING || (kind === 'list' && !REPORTING.has(part))
  const key = path.at(-1)
  return field === 'tool_calls' ? key === 'arguments' || key === 'input' : field !== 'role'
}

/** Whether a value of a delta is one that its name tells to grow; outside of deltas nothing stands in the way. */
export const growsByName = ({ path }: Leaf): boolean =>
  path[2] !== 'delta' || path[3] === 'tool_calls' || isProse(String(path.at(-1)))
