import { readFile } from 'node:fs/promises'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { createId } from '../store/create-id.ts'
import { readRecord, type HistoryRecord } from '../store/record.ts'

/**
 * The records of a file that `history export --all` wrote, with ids of their own: what is imported twice is there twice,
 * and nothing is mixed up.
 */
export async function readExport(file: string | undefined): Promise<HistoryRecord[]> {
  if (file === undefined) throw usageError('the file to import is missing', 'deltawire history export --all makes one')
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw usageError(`cannot read ${quote(file)}: ${error instanceof Error ? error.message : ''}`)
  })
  const ids = new Map<string, string>()
  const renamed = (id: string) => {
    const known = ids.get(id) ?? createId()
    ids.set(id, known)
    return known
  }
  return text.split('\n').flatMap((line): HistoryRecord[] => {
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
}
