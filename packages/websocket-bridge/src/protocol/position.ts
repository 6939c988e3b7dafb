/** How far somebody has a stream: how many of its chunks, and in which life of the stream they were counted. */
export interface Position {
  /** The epoch in which the offset was learned. */
  readonly e: string
  /** The number of source chunks that the sum holds. */
  readonly o: number
}

/** Where a life of a stream began. */
export interface Fork {
  readonly e: string
  /** The last offset that this epoch took over from those before it. */
  readonly at: number
}

/** The lives of a stream, oldest first. Never empty. */
export type Lineage = readonly Fork[]

/** The life that a stream is in now. */
export function epochOf(lineage: Lineage): string {
  const last = lineage.at(-1)
  if (last === undefined) throw new TypeError('a lineage has at least one epoch')
  return last.e
}

/**
 * Whether what somebody has at this position is the beginning of the stream as it is now.
 *
 * The epoch has to be one of the lineage, and the offset must not go beyond where *any* later epoch began: the next one
 * may have begun far ahead, and the one after it before our position (Kafka's leader epochs have the same rule).
 */
export function isPrefix(lineage: Lineage, tail: number, position: Position): boolean {
  let at = lineage.length - 1
  let reach = tail
  for (; at >= 0; at--) {
    const fork = lineage[at]
    if (fork === undefined) return false
    if (fork.e === position.e) return position.o <= reach
    reach = Math.min(reach, fork.at)
  }
  return false
}

/** Writes a position as one word: the `id` of a server-sent event. */
export const formatPosition = ({ e, o }: Position): string => `${e}.${o}`

/** Reads a position; `undefined` for any other text. */
export function parsePosition(text: string): Position | undefined {
  const [, e, digits] = /^([A-Za-z0-9_-]{1,32})\.(\d{1,15})$/.exec(text) ?? []
  return e === undefined || digits === undefined ? undefined : { e, o: Number(digits) }
}
