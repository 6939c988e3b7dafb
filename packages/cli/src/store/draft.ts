import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileMode, makePrivateFolder } from './private-file.ts'
import { readRecord, type MessageRecord } from './record.ts'

/** An answer on its way to the history: what a run that is killed leaves of it. */
export interface Draft {
  /** Text that has arrived. */
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
      if (!isBegun) {
        makePrivateFolder(folder)
        appendFileSync(path, `${JSON.stringify(record)}\n`, { mode: fileMode })
        isBegun = true
      }
      appendFileSync(path, `${JSON.stringify(text)}\n`)
    },
    discard() {
      if (isBegun) rmSync(path, { force: true })
    },
  }
}

/** The answers of runs that have ended without a word, each given to one caller only. */
export function adoptDrafts(folder: string): MessageRecord[] {
  return readdirSync(folder).flatMap((name) => {
    const pid = Number(/\.(\d+)\.jsonl$/.exec(name)?.[1])
    if (!(pid > 0) || isAlive(pid)) return []
    const mine = join(folder, `${name}.adopted-${process.pid}`)
    try {
      renameSync(join(folder, name), mine)
    } catch {
      // Somebody else was first.
      return []
    }
    const record = recordOf(readFileSync(mine, 'utf8'))
    rmSync(mine)
    return record === undefined ? [] : [record]
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
