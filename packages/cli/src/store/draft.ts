import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileMode, makePrivateFolder } from './private-file.ts'
import { readRecord, type MessageRecord } from './record.ts'

/** An answer on its way to the history: what a run that is killed leaves of it. */
export interface Draft {
  /** Text that has arrived. What cannot be written is no reason to stop an answer: then there is no draft of it. */
  add(text: string): void
  /** The answer is in the history, or nothing came of it. */
  discard(): void
}

/**
 * Keeps an answer on the disk while it arrives.
 *
 * @param record what the history is to hold when this process does not come to add it: partial, without its text
 */
export function createDraft(folder: string, record: MessageRecord): Draft {
  const path = join(folder, `${record.id}.${process.pid}.jsonl`)
  let isBegun = false
  return {
    add(text) {
      try {
        if (!isBegun) {
          makePrivateFolder(folder)
          appendFileSync(path, `${JSON.stringify(record)}\n`, { mode: fileMode })
          isBegun = true
        }
        appendFileSync(path, `${JSON.stringify(text)}\n`)
      } catch {
        // A full disk, or a folder that is only to be read.
      }
    },
    discard() {
      if (isBegun) rmSync(path, { force: true })
    },
  }
}

/**
 * Hands over the answers of runs that have ended without a word, each to one caller only. They are there another time
 * when they cannot be kept now.
 */
export function adoptDrafts(folder: string, keep: (records: readonly MessageRecord[]) => void): void {
  const taken = takeDrafts(folder)
  try {
    keep(taken.flatMap(({ mine }) => recordOf(readFileSync(mine, 'utf8')) ?? []))
  } catch {
    for (const { path, mine } of taken) renameSync(mine, path)
    return
  }
  for (const { mine } of taken) rmSync(mine)
}

function takeDrafts(folder: string): { readonly path: string; readonly mine: string }[] {
  return readdirSync(folder).flatMap((name) => {
    const pid = Number(/\.(\d+)\.jsonl$/.exec(name)?.[1])
    if (!(pid > 0) || isAlive(pid)) return []
    const path = join(folder, name)
    const mine = `${path}.adopted-${process.pid}`
    try {
      renameSync(path, mine)
    } catch {
      // Somebody else was first.
      return []
    }
    return [{ path, mine }]
  })
}

function recordOf(text: string): MessageRecord | undefined {
  const [head = '', ...lines] = text.split('\n')
  const record = readRecord(head)
  if (record?.type !== 'message' || record.message.role !== 'assistant') return undefined
  const content = lines.map(readText).join('')
  return { ...record, message: { ...record.message, content } }
}

function readText(line: string): string {
  try {
    return String(JSON.parse(line))
  } catch {
    // The last line of a killed run.
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
