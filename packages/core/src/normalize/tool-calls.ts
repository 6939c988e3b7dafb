import { isEmpty, isObject, type Obj } from '../is-object.ts'
import { limitExceeded } from '../limits.ts'
import { JsonProgress } from './json-progress.ts'
import { isIndex, listOf, own } from './repair.ts'

/**
 * Which call does a fragment belong to?
 *
 * Officially the index says so, and id, type and name come once. Providers leave each of these out, repeat it or make it
 * up anew, and they contradict each other; the tie-breaks below are those of the providers' own reports:
 *
 * | seen | one reading | the other | what decides |
 * | --- | --- | --- | --- |
 * | another id at a known index | next call (LMDeploy, Dynamo) | same call (Poolside) | is there a name? |
 * | another id and a name | next call | made up anew on each delta (LiteLLM OCI) | are the arguments a complete object? |
 * | a name without id | same call (NIM) | next call (Ollama via LiteLLM) | complete arguments, and new ones |
 * | an unseen index | next call | drift (Nebius, Cerebras) | neither id nor name: drift |
 * | one id at two indexes | two calls (llama.cpp) | one call | the index, when there is one |
 * | `{}` | no arguments | a placeholder (Bedrock) | does `{` follow? |
 */
export interface Fragment {
  /** As sent, if it is a usable index. */
  index: number | undefined
  id: string | undefined
  type: string | undefined
  kind: 'custom' | 'function' | undefined
  name: string | undefined
  text: string
  /** What the fragment carries beyond the fields above, at the level of the call and of its function. */
  extras: Obj
  innerExtras: Obj
}

interface Call {
  /** The index it is sent on with. */
  readonly index: number
  id?: string | undefined
  type?: string | undefined
  kind?: 'custom' | 'function' | undefined
  name?: string | undefined
  /** All argument text: compared only when a provider seems to repeat it. */
  text: string
  progress: JsonProgress
  /** A `{}` that came first and alone: sent on once it is known not to be a placeholder. */
  held: boolean
  /** The delta in which it was opened. */
  openedIn: number
  /** Whether it was ever sent with an index. */
  indexed: boolean
}

/** What the resolver may report. */
export type ToolCallRepair =
  | 'tool-arguments-echo'
  | 'tool-arguments-object'
  | 'tool-arguments-placeholder'
  | 'tool-call-unusable'
  | 'tool-call-without-name'
  | 'tool-calls-object'
  | 'tool-id-changed'
  | 'tool-index-drift'
  | 'tool-index-missing'
  | 'tool-index-reused'
  | 'tool-name-changed'
  | 'tool-name-in-pieces'
  | 'tool-name-repeated'
  | 'tool-type-missing'

/** The tool calls of one choice. */
export interface ToolCalls {
  /**
   * The entries of one delta in the official shape.
   *
   * @param raw `tool_calls` as sent
   * @param ends whether the choice ends with this delta, so that nothing may be held back
   */
  normalize(raw: unknown, ends: boolean): Obj[]
  /** Grows each time a call is opened: what a fragment without a name belongs to may be another then. */
  opened(): number
  /** Text of a fragment that says nothing else, for a call that has text already. */
  append(index: number, text: string): void
}

export function createToolCalls(most: number, report: (repair: ToolCallRepair) => void): ToolCalls {
  /** All calls, by the index that they are sent on with; and the next index after them all. */
  const calls = new Map<number, Call>()
  let next = 0
  let latest: Call | undefined
  /** The latest call opened at an index as sent. */
  const byWireIndex = new Map<number, Call>()
  const byId = new Map<string | undefined, Call>()
  let delta = 0
  let atEnd = false

  function normalize(raw: unknown, ends: boolean): Obj[] {
    delta++
    const entries: Obj[] = []
    if (isObject(raw)) report('tool-calls-object')
    const items = listOf(raw)
    for (const [at, item] of items.entries()) {
      atEnd = ends && at === items.length - 1
      if (!isObject(item)) {
        if (item !== null) report('tool-call-unusable')
        continue
      }
      const entry = take(fragmentOf(item))
      if (entry !== undefined) entries.push(entry)
    }
    if (ends)
      for (const call of calls.values()) {
        // Nothing will follow that could show it to be a placeholder.
        if (call.held) entries.push({ index: call.index, function: { arguments: '{}' } })
        call.held = false
      }
    return entries
  }

  function fragmentOf(item: Obj): Fragment {
    const { index, id, type, function: fn, custom, ...extras } = item
    // Serializers that write every field send an empty object of the other kind.
    const isCustom = isObject(custom) && (type === 'custom' || !isObject(fn))
    const inner = isCustom ? custom : isObject(fn) ? fn : undefined
    const { name, [textKey(isCustom)]: text, ...innerExtras } = inner ?? {}
    const isText = typeof text === 'string'
    const isAbsent = text === undefined || text === null
    if (!isText && !isAbsent) report('tool-arguments-object')
    return {
      index: isIndex(index) ? index : undefined,
      id: said(id),
      type: said(type),
      kind: inner && (isCustom ? 'custom' : 'function'),
      name: said(name),
      text: isText ? text : isAbsent ? '' : JSON.stringify(text),
      extras,
      innerExtras,
    }
  }

  function take(fragment: Fragment): Obj | undefined {
    const { id, name, text, extras, innerExtras } = fragment
    const call = find(fragment)
    if (call !== undefined) return goOn(call, fragment)
    if (id === undefined && name === undefined) {
      // Nothing to add and nothing to open (vLLM and Qwen end calls with such an entry).
      if (text === '' && isNothing(extras) && isNothing(innerExtras)) return undefined
      report('tool-call-without-name')
    }
    return open(fragment)
  }

  function find(fragment: Fragment): Call | undefined {
    const { index, id, name, text } = fragment
    const nameless = id === undefined && name === undefined
    const known = byId.get(id)
    if (index === undefined) {
      if (latest !== undefined || !nameless) report('tool-index-missing')
      if (latest === undefined || nameless) return latest
      if (known !== undefined) return known
      if (name === undefined) return latest.id !== undefined && latest.progress.complete ? undefined : latest
      // Two named entries of one delta are two calls, unless the first alone has an id.
      const mayGoOn = latest.openedIn !== delta || (latest.id !== undefined && id === undefined)
      return mayGoOn && isContinuation(latest, fragment) ? latest : undefined
    }
    const call = byWireIndex.get(index)
    if (call !== undefined) return isContinuation(call, fragment) ? call : undefined
    // A call that was opened without an index may be given one later.
    if (known !== undefined && !known.indexed) {
      known.indexed = true
      byWireIndex.set(index, known)
      return known
    }
    // Arguments without a name start no call, also where the id is repeated with them.
    const drifted = nameless ? latest : name === undefined && text !== '' ? known : undefined
    if (drifted !== undefined && text !== '') report('tool-index-drift')
    return drifted
  }

  function open(fragment: Fragment): Obj {
    if (calls.size >= most) throw limitExceeded('maxToolCalls', most)
    let { index } = fragment
    const indexed = index !== undefined
    if (index !== undefined && calls.has(index)) {
      report('tool-index-reused')
      index = undefined
    }
    if (index === undefined) {
      // Behind the largest integer there is none.
      index = isIndex(next) ? next : 0
      while (calls.has(index)) index++
    }
    next = Math.max(next, index + 1)
    latest = {
      index,
      text: '',
      progress: new JsonProgress(),
      held: false,
      openedIn: delta,
      indexed,
    }
    calls.set(index, latest)
    if (fragment.index !== undefined) byWireIndex.set(fragment.index, latest)
    return goOn(latest, fragment, true) ?? { index }
  }

  /** What a fragment adds to its call, or `undefined` for nothing. */
  function goOn(call: Call, fragment: Fragment, opens = false): Obj | undefined {
    const entry: Obj = { index: call.index }
    const { id, kind } = fragment
    const type = fragment.type ?? kind
    if (id !== undefined && call.id === undefined) {
      entry['id'] = call.id = id
      byId.set(id, call)
    } else if (id !== undefined && id !== call.id) report('tool-id-changed')
    if (type !== undefined && call.type === undefined) {
      if (fragment.type === undefined) report('tool-type-missing')
      entry['type'] = call.type = type
    }
    call.kind ??= kind
    const inner: Obj = {}
    const name = nameOf(call, fragment)
    if (name !== undefined) inner['name'] = call.name = name
    const text = kind && textOf(call, fragment, opens)
    if (text !== undefined) inner[textKey(call.kind === 'custom')] = text
    Object.assign(inner, own(fragment.innerExtras))
    if (!isEmpty(inner)) entry[call.kind ?? 'function'] = inner
    Object.assign(entry, own(fragment.extras))
    return Object.keys(entry).length > 1 ? entry : undefined
  }

  function nameOf(call: Call, { id, name }: Fragment): string | undefined {
    if (name === undefined || call.name === undefined) return name
    const grown = name.startsWith(call.name) && !call.progress.complete
    const grows = (id === undefined || id === call.id) && call.text === '' && !call.held
    const repeated = name === call.name
    report(repeated ? 'tool-name-repeated' : grown || grows ? 'tool-name-in-pieces' : 'tool-name-changed')
    return repeated ? undefined : grown ? name : grows ? call.name + name : undefined
  }

  function textOf(call: Call, { text, kind }: Fragment, opens: boolean): string | undefined {
    if (text === '') return opens ? '' : undefined
    if (call.held) return afterHeld(call, text)
    // Whether all the text so far is whole is asked last: it has to be read for that.
    const repeats = text.length === call.text.length && text.startsWith('{') && text === call.text
    if (repeats && call.kind === 'function' && call.progress.complete) {
      report('tool-arguments-echo')
      return undefined
    }
    grow(call, text)
    // A placeholder comes with the opening of its call; a later `{}` is what the model wrote.
    call.held = opens && text === '{}' && kind === 'function' && (call.id ?? call.name) !== undefined && !atEnd
    return call.held ? '' : text
  }

  function afterHeld(call: Call, text: string): string | undefined {
    const replaces = text.trimStart().startsWith('{')
    if (replaces) report('tool-arguments-placeholder')
    // A placeholder that is repeated is still one.
    if (text === '{}') return undefined
    call.held = false
    if (replaces) {
      call.text = ''
      call.progress = new JsonProgress()
    }
    grow(call, text)
    return replaces ? text : '{}' + text
  }

  return {
    normalize,
    opened: () => calls.size,
    append(index, text) {
      const call = calls.get(index)
      if (call !== undefined) grow(call, text)
    },
  }
}

function grow(call: Call, text: string): void {
  call.text += text
  call.progress.push(text)
}

/** Whether a fragment that may open a call of its own goes on with this one. See the table at the top. */
function isContinuation(call: Call, { id, name, text }: Fragment): boolean {
  if ((id !== undefined && id === call.id) || name === undefined) return true
  const otherId = id !== undefined && call.id !== undefined
  if (call.name === undefined && !otherId) return true
  // Free text is never whole, so that only another id can tell the next call.
  if (otherId && call.kind === 'custom') return false
  const sameName = name === call.name
  // The arguments themselves after a placeholder: who gives a call an id does not open the next one without.
  if (call.held && sameName && id === undefined && call.id !== undefined && text !== '{}') return true
  const isBlank = text.trim() === ''
  if (call.progress.complete) return !otherId && sameName && isBlank
  return !otherId || (sameName && !(isBlank && call.progress.blank))
}

/** What the text of a call is called. */
const textKey = (isCustom: boolean): string => (isCustom ? 'input' : 'arguments')

/** A string that says something. `''` and `null` are what providers send for "as before". */
const said = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined

const isNothing = (extras: Obj): boolean => Object.values(extras).every((value) => value === null)
