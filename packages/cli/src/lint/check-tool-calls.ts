import { knownFields } from './known-fields.ts'
import { isNothing, isObject, unknownIn, type Obj, type Say } from './raw-part.ts'

interface CallState {
  id: string
  name: string
  hasArguments: boolean
}

/** Looks at the tool calls of one choice, piece by piece, as they were sent. */
export function createToolCallChecker(): { push(entries: readonly unknown[], say: Say): void } {
  const calls = new Map<number, CallState>()
  let highest = -1

  function stateOf(index: number, say: Say): CallState {
    const known = calls.get(index)
    if (known !== undefined) return known
    if (index < highest) say('tool-index-order')
    else if (index > highest + 1) say('tool-index-gap', `${index} after ${highest === -1 ? 'none' : highest}`)
    highest = Math.max(highest, index)
    const state = { id: '', name: '', hasArguments: false }
    calls.set(index, state)
    return state
  }

  return {
    push(entries, say) {
      const seen = new Set<unknown>()
      for (const entry of entries) {
        if (entry === null) say('tool-entry-empty')
        if (!isObject(entry)) continue
        const { index } = entry
        checkEntry(entry, say)
        if (!Number.isSafeInteger(index) || (index as number) < 0) continue
        if (seen.has(index)) say('tool-index-repeated')
        seen.add(index)
        checkIdentity(entry, stateOf(index as number, say), say)
      }
    },
  }
}

function checkEntry(entry: Obj, say: Say): void {
  const { function: called, custom } = entry
  const { index: _, ...rest } = entry
  unknownIn(entry, knownFields.toolCall, 'tool_calls[]', say)
  if (Object.values(rest).every(isEmptyPart)) return say('tool-entry-empty')
  if (custom !== undefined && called !== undefined) say('tool-both-kinds')
  if (called === undefined && custom === undefined) say('tool-function-missing')
  if (!isObject(called)) return
  unknownIn(called, knownFields.function, 'function', say)
  if (called['arguments'] === null) say('tool-arguments-null')
}

/** Nothing, or an object of nothings. */
function isEmptyPart(value: unknown): boolean {
  return isNothing(value) || value === 'function' || (isObject(value) && Object.values(value).every(isNothing))
}

function checkIdentity(entry: Obj, state: CallState, say: Say): void {
  const called = isObject(entry['function']) ? entry['function'] : isObject(entry['custom']) ? entry['custom'] : {}
  const { id } = entry
  const { name } = called
  const isOpen = state.id !== '' || state.name !== ''
  if (isOpen && (id === '' || id === null || name === '' || name === null)) say('tool-id-empty')
  if (typeof id === 'string' && id !== '') {
    if (id === state.id) say('tool-id-repeated')
    state.id ||= id
  }
  if (typeof name === 'string' && name !== '') {
    if (state.name === '' && isOpen) say('tool-name-late')
    else if (state.name === '' && state.hasArguments) say('tool-name-late')
    state.name ||= name
  }
  state.hasArguments ||= !isNothing(called['arguments'] ?? called['input'])
  // Opened by an id alone: the name will follow, or the arguments before it.
  if (state.name === '' && state.hasArguments && state.id !== '') say('tool-name-late')
}
