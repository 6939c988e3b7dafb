import type { Obj } from '../is-object.ts'
import { hold, isLongList, type LongList, longList } from '../long-list.ts'

export type Container = unknown[] | Obj

/** An open container. */
interface Frame {
  readonly container: Container
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
  /**
   * The latest snapshot, as long as nothing has changed.
   *
   * Only the innermost container is ever written to: since the last snapshot all around it have changed, or none.
   */
  view: unknown
}

export function createGrowth(): Growth {
  const root: unknown[] = []
  return {
    root,
    top: { container: root, place: 0, around: undefined, depth: 0, view: undefined },
    view: undefined,
  }
}

/** Writes the value of the present place; once more when it has grown. */
export function put(growth: Growth, value: unknown): void {
  growth.view = undefined
  set(growth.top.container, growth.top.place, value)
}

export function open(growth: Growth, container: Container, place: number | string): void {
  put(growth, container)
  growth.top = { container, place, around: growth.top, depth: growth.top.depth + 1, view: undefined }
}

export function close(growth: Growth): void {
  const { container, view, around } = growth.top
  if (around === undefined) return
  growth.top = around
  // What the latest snapshot holds is still right: it becomes the value, and later snapshots share it.
  if (growth.view !== undefined) set(around.container, around.place, isLongList(view) ? view(container) : view)
}

/** The value as it is now, for good; the same one as long as nothing changes. */
export function snapshot(growth: Growth): unknown {
  if (growth.view === undefined) {
    let view: unknown
    for (let frame = growth.top; frame.around !== undefined; frame = frame.around)
      view = frame.view = viewOf(frame, view)
    growth.view = view ?? growth.root[0]
  }
  return growth.view
}

function set(container: Container, place: number | string, value: unknown): void {
  // A list by itself: one assignment for both kinds cost a push 20 ns more.
  if (typeof place === 'number') (container as unknown[])[place] = value
  // An assignment to this key would set the prototype; JSON.parse makes it a key like any other.
  else if (place === '__proto__')
    Object.defineProperty(container, place, { writable: true, enumerable: true, configurable: true, value })
  else (container as Obj)[place] = value
}

/** A copy of an open container with the view of its open child, if it has one, in the child's place. */
function viewOf({ container, place, depth }: Frame, child: unknown): unknown {
  // Up to this length a list is copied at once: to postpone it (150 ns) costs as much as to copy some 200 items.
  const long = 192
  const isList = Array.isArray(container)
  // A list that is the whole document has nothing around it that could hold it.
  if (isList && depth > 1 && container.length > long) return longList(container, child ?? container.at(-1))
  if (!isList && isLongList(child)) return copyHolding(container, place, child)
  const copy = isList ? [...container] : { ...container }
  if (isLongList(child)) hold(copy, place, child)
  else if (child !== undefined) set(copy, place, child)
  return copy
}

/** Key by key: where a property is there already, to put a list in its place costs twice as much (Node.js 20: five times). */
function copyHolding(container: Obj, place: number | string, list: LongList): object {
  const copy: Obj = {}
  for (const key in container)
    if (key === place) hold(copy, key, list)
    else set(copy, key, container[key])
  return copy
}
