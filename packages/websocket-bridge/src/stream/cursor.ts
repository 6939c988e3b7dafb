import type { Position } from '../protocol/position.ts'
import type { Step } from './send-rule.ts'

/** How far a reader was sent a stream. */
export interface Cursor {
  e: string
  o: number
  /** The end was sent: nothing follows. */
  ended: boolean
}

/** A cursor at a position. A reader that has nothing yet is at offset 0 of whichever epoch. */
export const createCursor = (from: Position | undefined, epoch: string): Cursor => ({
  e: from?.e ?? epoch,
  o: from?.o ?? 0,
  ended: false,
})

/** Moves a cursor to where its reader is after a step. */
export function move(cursor: Cursor, { e, o, frame }: Step): void {
  cursor.e = e
  cursor.o = o
  cursor.ended = frame.kind === 'end'
}
