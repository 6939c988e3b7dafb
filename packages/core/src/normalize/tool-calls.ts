import { limitExceeded } from '../limits.ts'
import { JsonProgress } from './json-progress.ts'
import { isIndex, isObject, type Obj } from './repair.ts'

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
  id: string | undefined
  type: string | undefined
  kind: 'custom' | 'function' | undefined
  name: string | undefined
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
export class ToolCalls {
  readonly #calls: Call[] = []
  /** The latest call opened at an index as sent. */
  readonly #byWireIndex = new Map<number, Call>()
  readonly #byId = new Map<string, Call>()
  /** By the index that a call is sent on with; and the next one after them all. */
  readonly #byIndex = new Map<number, Call>()
  #next = 0
  readonly #report: (repair: ToolCallRepair) => void
  readonly #most: number
  #delta = 0
  #ends = false

  constructor(most: number, report: (repair: ToolCallRepair) => void) {
    this.#most = most
    this.#report = report
  }

  /**
   * The entries of one delta in the official shape.
   *
   * @param raw `tool_calls` as sent
   * @param ends whether the choice ends with this delta, so that nothing may be held back
   */
  normalize(raw: unknown, ends: boolean): Obj[] {
    this.#delta++
    this.#ends = ends
    const entries: Obj[] = []
    if (isObject(raw)) this.#report('tool-calls-object')
    for (const item of isObject(raw) ? [raw] : Array.isArray(raw) ? raw : []) {
      if (!isObject(item)) {
        if (item !== null) this.#report('tool-call-unusable')
        continue
      }
      const entry = this.#take(this.#fragmentOf(item))
      if (entry !== undefined) entries.push(entry)
    }
    if (ends) entries.push(...this.release())
    return entries
  }

  /** Arguments that were held back. */
  release(): Obj[] {
    const entries: Obj[] = []
    for (const call of this.#calls) {
      if (call.held) entries.push({ index: call.index, function: { arguments: '{}' } })
      call.held = false
    }
    return entries
  }

  /** Grows each time a call is opened: what a fragment without a name belongs to may be another then. */
  get opened(): number {
    return this.#calls.length
  }

  /** Text of a fragment that says nothing else, for a call that has text already. */
  append(index: number, text: string): void {
    const call = this.#byIndex.get(index)
    if (call !== undefined) grow(call, text)
  }

  #fragmentOf(item: Obj): Fragment {
    const { index, id, type, function: fn, custom, ...extras } = item
    // Serializers that write every field send an empty object of the other kind.
    const kind =
      isObject(fn) && (type !== 'custom' || !isObject(custom)) ? 'function' : isObject(custom) ? 'custom' : undefined
    const inner = kind === 'custom' ? (custom as Obj) : kind === 'function' ? (fn as Obj) : {}
    const { name, [kind === 'custom' ? 'input' : 'arguments']: text, ...innerExtras } = inner
    if (text !== undefined && text !== null && typeof text !== 'string') this.#report('tool-arguments-object')
    return {
      index: isIndex(index) ? index : undefined,
      id: said(id),
      type: said(type),
      kind,
      name: said(name),
      text: typeof text === 'string' ? text : text === undefined || text === null ? '' : JSON.stringify(text),
      extras,
      innerExtras,
    }
  }

  #take(fragment: Fragment): Obj | undefined {
    const call = this.#find(fragment)
    if (call !== undefined) return this.#continue(call, fragment)
    // Nothing to add and nothing to open (vLLM and Qwen end calls with such an entry).
    const empty = fragment.text === '' && isNothing(fragment.extras) && isNothing(fragment.innerExtras)
    if (fragment.id === undefined && fragment.name === undefined) {
      if (empty) return undefined
      this.#report('tool-call-without-name')
    }
    return this.#open(fragment)
  }

  #find(fragment: Fragment): Call | undefined {
    const latest = this.#calls.at(-1)
    const nameless = fragment.id === undefined && fragment.name === undefined
    if (fragment.index === undefined) {
      if (latest !== undefined || !nameless) this.#report('tool-index-missing')
      if (latest === undefined || nameless) return latest
      const known = fragment.id === undefined ? undefined : this.#byId.get(fragment.id)
      if (known !== undefined) return known
      // Two named entries of one delta are two calls.
      if (fragment.name !== undefined && latest.openedIn === this.#delta) return undefined
      if (fragment.name === undefined) return latest.id !== undefined && latest.progress.complete ? undefined : latest
      return isContinuation(latest, fragment) ? latest : undefined
    }
    const call = this.#byWireIndex.get(fragment.index)
    if (call !== undefined) return isContinuation(call, fragment) ? call : undefined
    // A call that was opened without an index may be given one later.
    const indexless = fragment.id === undefined ? undefined : this.#byId.get(fragment.id)
    if (indexless !== undefined && !indexless.indexed) {
      indexless.indexed = true
      this.#byWireIndex.set(fragment.index, indexless)
      return indexless
    }
    // Arguments without a name start no call, also where the id is repeated with them.
    const known = fragment.name === undefined && fragment.text !== '' ? this.#byId.get(fragment.id ?? '') : undefined
    const drifted = known ?? (nameless ? latest : undefined)
    if (drifted !== undefined && fragment.text !== '') this.#report('tool-index-drift')
    return drifted
  }

  #open(fragment: Fragment): Obj {
    if (this.#calls.length >= this.#most) throw limitExceeded('maxToolCalls', this.#most)
    const taken = fragment.index !== undefined && this.#byIndex.has(fragment.index)
    if (taken) this.#report('tool-index-reused')
    const index = fragment.index === undefined || taken ? this.#nextIndex() : fragment.index
    this.#next = Math.max(this.#next, index + 1)
    const call: Call = {
      index,
      id: undefined,
      type: undefined,
      kind: undefined,
      name: undefined,
      text: '',
      progress: new JsonProgress(),
      held: false,
      openedIn: this.#delta,
      indexed: fragment.index !== undefined,
    }
    this.#calls.push(call)
    this.#byIndex.set(index, call)
    if (fragment.index !== undefined) this.#byWireIndex.set(fragment.index, call)
    return this.#continue(call, fragment, true) ?? { index }
  }

  #nextIndex(): number {
    if (isIndex(this.#next)) return this.#next
    // Behind the largest integer there is none.
    let free = 0
    while (this.#byIndex.has(free)) free++
    return free
  }

  /** What a fragment adds to its call, or `undefined` for nothing. */
  #continue(call: Call, fragment: Fragment, opens = false): Obj | undefined {
    const entry: Obj = { index: call.index }
    if (fragment.id !== undefined) {
      if (call.id === undefined) {
        entry['id'] = call.id = fragment.id
        this.#byId.set(fragment.id, call)
      } else if (call.id !== fragment.id) this.#report('tool-id-changed')
    }
    if (call.type === undefined) {
      if (fragment.type === undefined && fragment.kind !== undefined) this.#report('tool-type-missing')
      const type = fragment.type ?? fragment.kind
      if (type !== undefined) entry['type'] = call.type = type
    }
    call.kind ??= fragment.kind
    const inner: Obj = {}
    const name = this.#nameOf(call, fragment)
    if (name !== undefined) inner['name'] = call.name = name
    const text = this.#textOf(call, fragment, opens)
    if (text !== undefined) inner[call.kind === 'custom' ? 'input' : 'arguments'] = text
    Object.assign(inner, own(fragment.innerExtras))
    if (Object.keys(inner).length > 0) entry[call.kind ?? 'function'] = inner
    Object.assign(entry, own(fragment.extras))
    return Object.keys(entry).length > 1 ? entry : undefined
  }

  #nameOf(call: Call, fragment: Fragment): string | undefined {
    const { name } = fragment
    if (name === undefined || call.name === undefined) return name
    if (name === call.name) {
      this.#report('tool-name-repeated')
      return undefined
    }
    if (name.startsWith(call.name) && !call.progress.complete) {
      this.#report('tool-name-in-pieces')
      return name
    }
    const sameId = fragment.id === undefined || fragment.id === call.id
    if (sameId && call.text === '' && !call.held) {
      this.#report('tool-name-in-pieces')
      return call.name + name
    }
    this.#report('tool-name-changed')
    return undefined
  }

  #textOf(call: Call, fragment: Fragment, opens: boolean): string | undefined {
    const { text, kind } = fragment
    if (kind === undefined) return undefined
    if (text === '') return opens ? '' : undefined
    if (call.held) return this.#afterHeld(call, text)
    if (text.length === call.text.length && text.startsWith('{') && text === call.text && call.progress.complete) {
      this.#report('tool-arguments-echo')
      return undefined
    }
    grow(call, text)
    // A placeholder comes with the opening of its call; a later `{}` is what the model wrote.
    const identified = (call.id ?? call.name) !== undefined
    if (!opens || text !== '{}' || kind !== 'function' || !identified || this.#ends) return text
    call.held = true
    return ''
  }

  #afterHeld(call: Call, text: string): string | undefined {
    const replaces = text.trimStart().startsWith('{')
    if (replaces) this.#report('tool-arguments-placeholder')
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
}

function grow(call: Call, text: string): void {
  call.text += text
  call.progress.push(text)
}

/** Whether a fragment that may open a call of its own goes on with this one. See the table at the top. */
function isContinuation(call: Call, fragment: Fragment): boolean {
  const { id, name, text } = fragment
  if (id !== undefined && id === call.id) return true
  if (name === undefined) return true
  const otherId = id !== undefined && call.id !== undefined
  if (call.name === undefined && !otherId) return true
  const sameName = name === call.name
  // The arguments themselves after a placeholder: who gives a call an id does not open the next one without.
  if (call.held && sameName && id === undefined && call.id !== undefined && text !== '{}') return true
  if (call.progress.complete) return !otherId && sameName && text.trim() === ''
  if (otherId) return sameName && !(call.progress.blank && text.trim() === '')
  return true
}

/** A string that says something. `''` and `null` are what providers send for "as before". */
const said = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined

const isNothing = (extras: Obj): boolean => Object.values(extras).every((value) => value === null)

/** Without `__proto__`, which `Object.assign` would set. */
function own(extras: Obj): Obj {
  if (!Object.hasOwn(extras, '__proto__')) return extras
  const { ['__proto__']: _dropped, ...rest } = extras
  return rest
}
