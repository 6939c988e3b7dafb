import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'

export interface RecordingFile {
  readonly path: string
  readonly write: (text: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** A file that grows line by line: what had come before a crash stays. Only its owner can read it: prompts are private. */
export async function openRecordingFile(path: string, isNew = false): Promise<RecordingFile> {
  const file = await open(path, isNew ? 'wx' : 'w', 0o600).catch((error: unknown) => {
    throw usageError(`cannot write ${quote(path)}: ${error instanceof Error ? error.message : String(error)}`)
  })
  return {
    path,
    write: async (text) => {
      await file.appendFile(text)
    },
    close: () => file.close(),
  }
}

/** Files for one call each, named after their time and model, so that they sort: `20260822-090000-1-gpt-4o.jsonl`. */
export async function createRecordingFolder(
  folder: string,
): Promise<(date: number, model: string) => Promise<RecordingFile>> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw usageError(`cannot make ${quote(folder)}: ${error instanceof Error ? error.message : String(error)}`)
  })
  let count = 0
  return (date, model) => {
    const time = new Date(date).toISOString().replace(/\..*$/, '').replaceAll(/[-:]/g, '').replace('T', '-')
    const name = model
      .replaceAll(/[^\w.-]+/g, '-')
      .replaceAll(/^[-.]+|-+$/g, '')
      .slice(0, 60)
    count += 1
    return openRecordingFile(join(folder, `${[time, count, name].filter((part) => part !== '').join('-')}.jsonl`), true)
  }
}
