import { createHold } from '../source/create-hold.ts'
import { RecordedBreak, type Capture } from './read-recording.ts'
import type { Read } from './recording.ts'

/**
 * All reads of a body, and with what the connection broke if it did.
 *
 * @param name of the source, for who is told that it is too long
 */
export async function collectReads(
  reads: Capture['reads'],
  name: string,
): Promise<{ readonly reads: readonly Read[]; readonly bytes: Buffer; readonly broke: RecordedBreak | undefined }> {
  const hold = createHold(name)
  const all: Read[] = []
  let broke: RecordedBreak | undefined
  try {
    for await (const read of reads) {
      hold(read.bytes.length)
      all.push(read)
    }
  } catch (error) {
    if (!(error instanceof RecordedBreak)) throw error
    broke = error
  }
  return { reads: all, bytes: Buffer.concat(all.map(({ bytes }) => bytes)), broke }
}
