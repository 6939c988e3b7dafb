type JsonObject = Record<string, unknown>

/** An open container. `view` is what stands for it in the latest snapshot. */
type Frame =
  | { readonly kind: 'array'; readonly container: unknown[]; place: number; view: unknown }
  | { readonly kind: 'object'; readonly container: JsonObject; place: string; view: unknown }

/**
 * A JSON value that grows at one place: the end of its innermost open container.
 *
 * It is built in place, and hands out snapshots that stay as they are. What is closed never changes again, so the value
 * and all its snapshots share it; a snapshot copies the containers that are still open, and of a long list not even that.
 */
export class Growth {
  /** `undefined` while there is no value. */
  root: unknown
  private rootView: unknown
  private readonly path: Frame[] = []
  // Only the innermost container is ever written to: since the last snapshot all on the path have changed, or none.
  private changed = false

  /** How many containers are open. */
  get depth(): number {
    return this.path.length
  }

  /** The innermost open container. */
  get inside(): 'array' | 'object' | undefined {
    return this.path[this.path.length - 1]?.kind
  }

  /** In an object: where the next value goes. */
  nameMember(key: string): void {
    const frame = this.path[this.path.length - 1]
    if (frame?.kind === 'object') frame.place = key
  }

  /** In an array: the next value is another item. */
  nextItem(): void {
    const frame = this.path[this.path.length - 1]
    if (frame?.kind === 'array') frame.place += 1
  }

  /** Writes the value of the present place; once more when it has grown. */
  put(value: unknown): void {
    this.write(value)
    this.changed = true
  }

  open(kind: 'array' | 'object'): void {
    const frame: Frame =
      kind === 'array'
        ? { kind, container: [], place: 0, view: undefined }
        : { kind, container: {}, place: '', view: undefined }
    this.put(frame.container)
    this.path.push(frame)
  }

  close(): void {
    const frame = this.path.pop()
    // What the latest snapshot holds is still right: it becomes the value, and later snapshots share it.
    if (frame !== undefined && !this.changed) this.write(settled(frame.view))
  }

  /** The value as it is now, for good; the same one as long as nothing changes. */
  snapshot(): unknown {
    if (!this.changed) return this.rootView
    let view: unknown
    for (let at = this.path.length - 1; at >= 0; at--) {
      const frame = this.path[at]
      if (frame !== undefined) view = frame.view = viewOf(frame, view)
    }
    this.rootView = this.path.length === 0 ? this.root : resolved(view)
    this.changed = false
    return this.rootView
  }

  private write(value: unknown): void {
    const frame = this.path[this.path.length - 1]
    if (frame === undefined) this.root = value
    else if (frame.kind === 'array') frame.container[frame.place] = value
    else setMember(frame.container, frame.place, value)
  }
}

/** Up to this length a list is copied at once: postponing it (an accessor: 1.3 µs) costs as much as copying this many. */
const LONG = 1024

/** A copy of an open container with the view of its open child, if it has one, in the child's place. */
function viewOf(frame: Frame, child: unknown): unknown {
  if (frame.kind === 'object') {
    const copy = { ...frame.container }
    if (child instanceof Cut) defineLazily(copy, frame.place, child)
    else if (child !== undefined) setMember(copy, frame.place, child)
    return copy
  }
  if (frame.container.length > LONG) return new Cut(frame.container, child)
  const copy = frame.container.slice()
  if (child instanceof Cut) defineLazily(copy, frame.place, child)
  else if (child !== undefined) copy[frame.place] = child
  return copy
}

/**
 * A long list as it was at a snapshot, copied when somebody first looks at it.
 *
 * A list only grows at its end, so its present length and last item tell all that will be different later. That keeps a
 * snapshot per push linear over a list of any length, as long as the snapshots' readers do not look at it each time.
 */
class Cut {
  private readonly list: unknown[]
  private readonly length: number
  private readonly last: unknown
  private items: unknown[] | undefined

  constructor(list: unknown[], last: unknown = list[list.length - 1]) {
    this.list = list
    this.length = list.length
    this.last = last
  }

  read(): unknown[] {
    if (this.items === undefined) {
      this.items = this.list.slice(0, this.length)
      this.items[this.length - 1] = resolved(this.last)
    }
    return this.items
  }

  /** The list was closed as it is here: no copy is needed any more. */
  settle(): unknown[] {
    this.items ??= this.list
    return this.items
  }
}

const settled = (view: unknown): unknown => (view instanceof Cut ? view.settle() : view)
const resolved = (view: unknown): unknown => (view instanceof Cut ? view.read() : view)

/** The accessor stays, rather than turn into the value when it is read: whoever freezes snapshots would break that. */
function defineLazily(view: object, place: number | string, cut: Cut): void {
  Object.defineProperty(view, place, { get: () => cut.read(), enumerable: true, configurable: true })
}

function setMember(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    // An assignment to this key would set the prototype; JSON.parse makes it a key like any other.
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else {
    object[key] = value
  }
}
