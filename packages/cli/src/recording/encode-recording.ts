import { visibleJson } from '../render/visible.ts'
import type { Read, RecordingHead, RecordingLine } from './recording.ts'

export function encodeHead(head: RecordingHead): string {
  return `${visibleJson(JSON.stringify(head))}\n`
}

export function encodeLine(line: RecordingLine): string {
  return `${visibleJson(JSON.stringify(line))}\n`
}

/** Strict, and keeps a byte order mark: the text has to give the same bytes again. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** One read as a line: as text where that is the same bytes, otherwise as base64. */
export function lineOf({ atMs, bytes }: Read): RecordingLine {
  const at = inTenths(atMs ?? 0)
  try {
    return [at, 'r', utf8.decode(bytes)]
  } catch {
    return [at, 'b', Buffer.from(bytes).toString('base64')]
  }
}

/** A clock of JavaScript tells no more. */
export function inTenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
