import { encodeChunk, encodeDone } from '@deltawire/core'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TextTruth } from './judge.ts'

/** What a model has said, and when. */
export interface Answer extends TextTruth {
  /** When each of its chunks was said, by the clock of this process. */
  readonly saidAt: readonly number[]
  /** How often it was asked for. */
  readonly asked: number
}

/** A model in this process: how long its words take to somebody can be told. */
export interface ClockedUpstream {
  readonly baseURL: string
  /** What it says under this name. Each name has one answer. */
  answer(model: string): Answer
  close(): Promise<void>
}

export interface Pace {
  /** How many chunks. */
  readonly length: number
  /** Between two of them. */
  readonly chunkMs: number
  /** How long each is, in characters. */
  readonly characters: number
}

/** By which readers that keep nothing see that it is over: those of the benchmarks. */
const LAST_WORD = 'END!'

export async function startClockedUpstream({ length, chunkMs, characters }: Pace): Promise<ClockedUpstream> {
  const words = Array.from({ length }, (_, at) => (at === length - 1 ? LAST_WORD : `${at} `.padEnd(characters, 'x')))
  const events = words.map((content, at) =>
    encodeChunk({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 7,
      model: 'clocked',
      choices: [{ index: 0, delta: { content }, finish_reason: at === length - 1 ? 'stop' : null }],
    }),
  )
  const answers = new Map<string, { saidAt: number[]; asked: number }>()
  const of = (model: string) => {
    const known = answers.get(model) ?? { saidAt: [], asked: 0 }
    answers.set(model, known)
    return known
  }

  async function say(model: string, response: ServerResponse): Promise<void> {
    const about = of(model)
    about.asked++
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const beganAt = performance.now()
    for (const [at, event] of events.entries()) {
      if (response.destroyed) return
      // By the clock, so that a late chunk makes no other late.
      await sleep(beganAt + (at + 1) * chunkMs - performance.now())
      about.saidAt[at] = performance.now()
      response.write(event)
    }
    response.end(encodeDone())
  }

  const server = createServer((request, response) => {
    void (async () => {
      let body = ''
      for await (const text of request) body += String(text)
      const { model } = JSON.parse(body) as { model: string }
      await say(model, response)
    })().catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // A server that listens on a port has one.
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: (model) => ({
      length,
      text: (from, to) => words.slice(from, to).join(''),
      get saidAt() {
        return of(model).saidAt
      },
      get asked() {
        return of(model).asked
      },
    }),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
