import { createHold } from '../source/create-hold.ts'
import type { Row } from './view-rows.ts'

/** All rows, for who moves among them. */
export async function heldRows(rows: AsyncIterable<Row>, name: string, maxBytes?: number): Promise<Row[]> {
  const hold = createHold(name, { maxBytes, hint: 'without --interactive rows are printed as they come' })
  const held: Row[] = []
  for await (const row of rows) {
    hold(row.raw.length + row.text.length)
    held.push(row)
  }
  return held
}
