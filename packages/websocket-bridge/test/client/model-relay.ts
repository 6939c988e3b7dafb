import type { ChatCompletionChunk } from '@deltawire/core'
import { canonicalJson, checksum } from '../../src/protocol/checksum.ts'
import type { DataFrame, ServerFrame, WireChunk } from '../../src/protocol/frame.ts'
import { epochOf, type Fork, isPrefix, type Position } from '../../src/protocol/position.ts'
import { toWireChunk } from '../../src/protocol/wire-chunk.ts'
import type { ScriptedSocket } from './scripted-peer.ts'
import { sumOf } from './truth.ts'

/** What a server knows of a subscription. */
interface Cursor {
  position: Position | undefined
  ended: boolean
}

/**
 * A relay of a few lines, with one stream, that does what `PROTOCOL.md` says, and can be told to do it badly.
 *
 * It is not ours: what the client is held against must not have the same faults.
 */
export function createModelRelay() {
  const lineage: Fork[] = [{ e: 'e0', at: 0 }]
  let chunks: WireChunk[] = []
  let hasEnded = false
  const cursors = new Map<ScriptedSocket, Cursor>()
  /** The canonical sum at each position that ever was. */
  const history = new Map<string, string>()

  const remember = (): void => {
    for (let o = 0; o <= chunks.length; o++)
      history.set(`${epochOf(lineage)}.${o}`, canonicalJson(sumOf(chunks.slice(0, o)) ?? {}))
  }
  remember()

  const data = (from: number, to: number, isMerged: boolean): DataFrame => {
    const range = chunks.slice(from, to)
    const sum = sumOf(range)
    return {
      t: 'd',
      s: 'st',
      e: epochOf(lineage),
      o: to,
      n: to - from,
      c: isMerged && sum !== undefined ? [sum] : range,
    }
  }

  /** The rules of §5. @param most how many chunks at once */
  function next(cursor: Cursor, most: number, isMerged: boolean): ServerFrame | undefined {
    const position = cursor.position ?? { e: epochOf(lineage), o: 0 }
    const to = Math.min(chunks.length, position.o + most)
    if (cursor.ended) return undefined
    if (!isPrefix(lineage, chunks.length, position)) return data(0, chunks.length, isMerged)
    if (position.e !== epochOf(lineage)) return { ...data(position.o, position.o, false), p: position.e }
    if (position.o < to) return data(position.o, to, isMerged)
    if (!hasEnded) return undefined
    cursor.ended = true
    return { t: 'end', s: 'st', e: position.e, o: position.o, st: 'done', h: checksum(sumOf(chunks)) }
  }

  return {
    history,
    get sum(): WireChunk {
      return sumOf(chunks) ?? {}
    },
    get length() {
      return chunks.length
    },
    get hasEnded() {
      return hasEnded
    },
    append(chunk: ChatCompletionChunk) {
      if (hasEnded) return
      chunks.push(toWireChunk(chunk, sumOf(chunks)))
      remember()
    },
    end() {
      hasEnded = true
    },
    /** Another producer, which has lost so many of the newest chunks. */
    takeOver(lost: number) {
      if (hasEnded) return
      chunks = chunks.slice(0, Math.max(0, chunks.length - lost))
      lineage.push({ e: `e${lineage.length}`, at: chunks.length })
      remember()
    },
    /** Answers what came over a socket. */
    answer(socket: ScriptedSocket, isRefusing = false) {
      for (const frame of socket.sent.splice(0)) {
        if (frame.t === 'unsub') cursors.delete(socket)
        if (frame.t !== 'sub') continue
        if (isRefusing) {
          socket.say({ t: 'err', id: frame.id ?? '', s: 'st', code: 'unavailable', msg: 'no store', retryMs: 100 })
          continue
        }
        cursors.set(socket, { position: frame.from, ended: false })
        socket.say({ t: 'ok', id: frame.id ?? '', s: 'st' })
      }
    },
    /** What a socket is to be sent now; the server takes it for sent. */
    frameFor(socket: ScriptedSocket, most: number, isMerged: boolean): ServerFrame | undefined {
      const cursor = cursors.get(socket)
      const frame = cursor && next(cursor, most, isMerged)
      if (cursor !== undefined && frame?.t === 'd') cursor.position = { e: frame.e, o: frame.o }
      return frame
    },
    /** All of it, which a server may always send. */
    wholeFor(socket: ScriptedSocket): ServerFrame | undefined {
      const cursor = cursors.get(socket)
      if (cursor === undefined || cursor.ended || chunks.length === 0) return undefined
      cursor.position = { e: epochOf(lineage), o: chunks.length }
      return data(0, chunks.length, true)
    },
  }
}
