import { RecordedBreak, type Capture } from './read-recording.ts'
import type { Read } from './recording.ts'

/** All reads of a body, and with what the connection broke if it did. */
export async function collectReads(
  reads: Capture['reads'],
): Promise<{ readonly reads: readonly Read[]; readonly bytes: Buffer; readonly broke: RecordedBreak | undefined }> {
  const all: Read[] = []
  let broke: RecordedBreak | undefined
  try {
    for await (const read of reads) all.push(read)
  } catch (error) {
    if (!(error instanceof RecordedBreak)) throw error
    broke = error
  }
  return { reads: all, bytes: Buffer.concat(all.map(({ bytes }) => bytes)), broke }
}
