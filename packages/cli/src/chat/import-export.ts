import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import type { Io } from '../io.ts'
import { abortable } from '../source/abortable.ts'
import { readTextFile } from '../source/read-text-file.ts'
import { readText } from '../source/read-text.ts'
import { createId } from '../store/create-id.ts'
import { readRecord, type HistoryRecord } from '../store/record.ts'

/** Years of conversations, in one text. */
const maxBytes = 256 * 1024 * 1024

/**
 * The records of a file that `history export --all` wrote, with ids of their own: what is imported twice is there twice,
 * and nothing is mixed up.
 */
export async function readExport(file: string | undefined, io: Io): Promise<HistoryRecord[]> {
  if (file === undefined) throw usageError('the file to import is missing', 'deltawire history export --all makes one')
  const text =
    file === '-'
      ? await readText(abortable(io.stdin, io.signal), undefined, maxBytes)
      : await readTextFile(file, { signal: io.signal, maxBytes })
  const ids = new Map<string, string>()
  const renamed = (id: string) => {
    const known = ids.get(id) ?? createId()
    ids.set(id, known)
    return known
  }
  const records = text.split('\n').flatMap((line): HistoryRecord[] => {
    const record = readRecord(line)
    if (record?.type === 'thread') return [{ ...record, id: renamed(record.id) }]
    if (record?.type !== 'message') return []
    return [
      {
        ...record,
        id: renamed(record.id),
        thread: renamed(record.thread),
        parent: record.parent === null ? null : renamed(record.parent),
      },
    ]
  })
  // Of a history with nothing in it there is an export, too.
  if (records.length === 0 && text.trim() !== '')
    throw usageError(`there is no conversation in ${quote(file)}`, 'deltawire history export --all makes such a file')
  return records
}
