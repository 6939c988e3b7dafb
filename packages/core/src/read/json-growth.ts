import { define } from '../define.ts'

/** An open container. */
interface Frame {
  readonly container: object
  /** Where its next value goes: a number in a list, a key in an object. */
  place: number | string
  /** The container that this one is in, and how many there are around it. */
  readonly around: Frame | undefined
  readonly depth: number
  /** What stands for it in the latest snapshot. */
  view: unknown
}

/**
 * A JSON value that grows at one place: the end of its innermost open container.
 *
 * It is built in place, and hands out snapshots that stay as they are. What is closed never changes again, so the value
 * and all its snapshots share it; a snapshot copies the containers that are still open, and of a long list not even that.
 */
export interface Growth {
  /** The value as the only item of a list, so that it has a place like any other. */
  readonly root: unknown[]
  /** The innermost open container. */
  top: Frame
  /** The latest snapshot of the root. */
  view: readonly unknown[]
  // Only the innermost container is ever written to: since the last snapshot all around it have changed, or none.
  changed: boolean
}

export function createGrowth(): Growth {
  const root: unknown[] = []
  return {
    root,
    top: { container: root, place: 0, around: undefined, depth: 0, view: undefined },
    view: [],
    changed: false,
  }
}

/** Writes the value of the present place; once more when it has grown. */
export function put(growth: Growth, value: unknown): void {
  growth.changed = true
  set(growth.top.container, growth.top.place, value)
}

export function open(growth: Growth, container: object, place: number | string): void {
  put(growth, container)
  growth.top = { container, place, around: growth.top, depth: growth.top.depth + 1, view: undefined }
}

export function close(growth: Growth): void {
  const { container, view, around } = growth.top
  if (around !== undefined) growth.top = around
  if (growth.changed) return
  // What the latest snapshot holds is still right: it becomes the value, and later snapshots share it.
  put(growth, isLater(view) ? view(container) : view)
  growth.changed = false
}

/** The value as it is now, for good; the same one as long as nothing changes. */
export function snapshot(growth: Growth): unknown {
  if (growth.changed) {
    let view: unknown
    for (let frame: Frame | undefined = growth.top; frame !== undefined; frame = frame.around)
      view = frame.view = viewOf(frame, view)
    growth.view = view as unknown[]
    growth.changed = false
  }
  return growth.view[0]
}

function set(container: object, place: number | string, value: unknown): void {
  // A list by itself: one assignment for both kinds cost a push 20 ns more.
  if (typeof place === 'number') (container as unknown[])[place] = value
  // An assignment to this key would set the prototype; JSON.parse makes it a key like any other.
  else if (place === '__proto__') define(container, place, { writable: true, value })
  else (container as { [key: string]: unknown })[place] = value
}

/**
 * A long list as it was at a snapshot, copied when somebody first looks at it. No JSON value is a function.
 *
 * A list only grows at its end, so its present length and last item tell all that will be different later. That keeps a
 * snapshot per push linear over a list of any length, as long as the snapshots' readers do not look at it each time.
 *
 * @param whole the list itself, once it was closed as it is here: no copy is needed any more
 */
type Later = (whole?: object) => object

const isLater = (view: unknown): view is Later => typeof view === 'function'

/** Up to this length a list is copied at once: postponing it (an accessor: 1.3 µs) costs as much as copying this many. */
const LONG = 1024

/** A copy of an open container with the view of its open child, if it has one, in the child's place. */
function viewOf({ container, place }: Frame, child: unknown): unknown {
  if (!Array.isArray(container)) return withChild({ ...container }, place, child)
  const list: readonly unknown[] = container
  const { length } = list
  if (length <= LONG) return withChild([...list], place, child)
  const last = child ?? list[length - 1]
  let copy: object | undefined
  const later: Later = (whole) => (copy ??= whole ?? [...list.slice(0, length - 1), isLater(last) ? last() : last])
  return later
}

function withChild(copy: object, place: number | string, child: unknown): object {
  // The accessor stays, rather than turn into the value when it is read: whoever freezes snapshots would break that.
  if (isLater(child)) define(copy, place, { get: () => child() })
  else if (child !== undefined) set(copy, place, child)
  return copy
}
