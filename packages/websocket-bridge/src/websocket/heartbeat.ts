/** What the heartbeat sees of a socket. */
export interface Beating {
  /** The tick in which something was last heard of it. */
  heardAt: number
  /** Its place on the wheel. */
  slot: number
  /** Asks for a sign of life, on both layers. */
  beat(): void
  /** Nothing was heard of it: it is taken for dead. */
  die(): void
}

/** One timing wheel for all sockets, in the place of a timer for each. Its ticks are seconds. */
export interface Heartbeat<T extends Beating> {
  add(socket: T): void
  remove(socket: T): void
  tick(): void
  /** The present tick, to write into `heardAt`. */
  readonly now: number
}

/** How long after a ping a socket is looked at again. */
export const PATIENCE_TICKS = 10

/**
 * Makes the wheel.
 *
 * @param ticks how many ticks lie between two pings of a socket
 */
export function createHeartbeat<T extends Beating>(ticks: number): Heartbeat<T> {
  const slots = Array.from({ length: ticks }, () => new Set<T>())
  let now = 0
  let next = 0

  const slotAt = (tick: number): ReadonlySet<T> => slots[((tick % ticks) + ticks) % ticks] ?? new Set()

  return {
    add(socket) {
      // One after the other, so that pings spread over the whole round however sockets come.
      next = (next + 1) % ticks
      slots[next]?.add(socket)
      socket.slot = next
      socket.heardAt = now
    },
    remove(socket) {
      slots[socket.slot]?.delete(socket)
    },
    tick() {
      now++
      const asked = now - PATIENCE_TICKS
      for (const socket of slotAt(asked)) if (socket.heardAt < asked) socket.die()
      for (const socket of slotAt(now)) socket.beat()
    },
    get now() {
      return now
    },
  }
}
