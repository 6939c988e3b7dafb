import { open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { cannotWrite } from '../cannot-write.ts'
import { makeFolder } from '../make-folder.ts'
import { fileMode } from '../store/private-file.ts'

export interface RecordingFile {
  readonly path: string
  /** @throws CliError that names the file, when it cannot be written */
  readonly write: (text: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** A file that grows line by line: what had come before a crash stays. Only its owner can read it: prompts are private. */
export async function openRecordingFile(path: string): Promise<RecordingFile> {
  const file = await open(path, 'w', fileMode).catch((error: unknown) => {
    throw cannotWrite(path, error)
  })
  return linesInto(path, file)
}

/** Lines for an open file that is empty. */
export function linesInto(path: string, file: Pick<FileHandle, 'appendFile' | 'close'>): RecordingFile {
  let isBegun = false
  return {
    path,
    async write(text) {
      try {
        await file.appendFile(text)
        isBegun = true
      } catch (error) {
        throw cannotWrite(path, error, isBegun ? 'what had come before is in it' : undefined)
      }
    },
    async close() {
      await file.close().catch((error: unknown) => {
        throw cannotWrite(path, error)
      })
    },
  }
}

/**
 * Files for one call each, named after their time and model, so that they sort: `20260822-090000-0001-gpt-4o.jsonl`.
 *
 * Several programs may write into one folder. A call that was never answered leaves no file.
 */
export async function createRecordingFolder(
  folder: string,
): Promise<(date: number, model: string) => Promise<RecordingFile>> {
  try {
    makeFolder(folder, 0o700)
  } catch (error) {
    throw usageError(`cannot make ${quote(folder)}: ${error instanceof Error ? error.message : String(error)}`)
  }
  let count = 0
  return async (date, model) => {
    const time = new Date(date).toISOString().replace(/\..*$/, '').replaceAll(/[-:]/g, '').replace('T', '-')
    const name = model
      .replaceAll(/[^\w.-]+/g, '-')
      .replaceAll(/^[-.]+|-+$/g, '')
      .slice(0, 60)
    for (;;) {
      count += 1
      const number = String(count).padStart(4, '0')
      const path = join(folder, `${[time, number, name].filter((part) => part !== '').join('-')}.jsonl`)
      const file = await openNewFile(path)
      if (file !== undefined) return file
    }
  }
}

/** Nothing when somebody else has that name. */
async function openNewFile(path: string): Promise<RecordingFile | undefined> {
  const file = await open(path, 'wx', fileMode).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined
    throw cannotWrite(path, error)
  })
  if (file === undefined) return undefined
  const lines = linesInto(path, file)
  let isWritten = false
  return {
    path,
    async write(text) {
      await lines.write(text)
      isWritten = true
    },
    async close() {
      await lines.close()
      if (!isWritten) await rm(path, { force: true })
    },
  }
}
