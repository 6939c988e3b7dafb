import { Ajv2020 } from 'ajv/dist/2020.js'
import { textOf } from '@deltawire/core'
import { describe, expect, it } from 'vitest'
import {
  clientFrameSchemas,
  EVENT_TRANSCRIPTS,
  type EventExchange,
  serverFrameSchemas,
  TRANSCRIPTS,
} from '../src/conformance/index.ts'
import { createReceiver, decodeServerFrame, formatPosition, type Receiver, restoreChunk } from '../src/index.ts'

/** Reads the body of an answer as `PROTOCOL.md` says. @returns whether to ask again, `undefined` when all is over */
function read(body: string, receiver: Receiver): 'again' | 'anew' | undefined {
  for (const event of body.split('\n\n')) {
    const [, data] = /^data: ([^\n]*)$/m.exec(event) ?? []
    const frame = data === undefined ? undefined : decodeServerFrame(data)
    if ((frame?.t !== 'd' && frame?.t !== 'end') || frame.s !== 'st_1') continue
    const verdict = receiver.receive(frame)
    if (verdict === 'gap') return 'again'
    if (verdict === 'corrupt') return 'anew'
    if (verdict === 'ended') return undefined
  }
  return 'again'
}

/** Follows over the exchanges of a transcript, with a client of a few lines. */
function follow(exchanges: readonly EventExchange[]) {
  const receiver = createReceiver()
  const asked: (string | null)[] = []
  for (const { body } of exchanges) {
    asked.push(receiver.position === undefined ? null : formatPosition(receiver.position))
    const next = read(body, receiver)
    if (next === 'anew') receiver.reset()
    if (next === undefined) break
  }
  const { sum, end } = receiver
  return { asked, status: end?.st, text: sum === undefined ? '' : textOf(restoreChunk(sum, sum)) }
}

describe('a client of server-sent events, held to the protocol', () => {
  it('has most of the conversations of WebSockets', () => {
    expect(EVENT_TRANSCRIPTS.length).toBeGreaterThan(15)
  })

  it.each(EVENT_TRANSCRIPTS)('$name ($section)', ({ exchanges, status, text }) => {
    const asked = exchanges.map(({ lastEventId }) => lastEventId)
    expect(follow(exchanges)).toEqual({ asked, status, text })
  })
})

describe('the transcripts', () => {
  const ajv = new Ajv2020({ strict: true })
  const known = (schemas: object, t: string): boolean => Object.hasOwn(schemas, t)

  it.each(TRANSCRIPTS)('of "$name" say frames that are frames by their schemas', ({ steps }) => {
    for (const step of steps) {
      if ('server' in step && known(serverFrameSchemas, step.server.t)) {
        const { t } = step.server
        const isValid = ajv.validate(serverFrameSchemas[t as keyof typeof serverFrameSchemas], step.server)
        expect({ frame: step.server, isValid }).toEqual({ frame: step.server, isValid: true })
      }
      if ('client' in step) {
        const said = Object.fromEntries(Object.entries(step.client).filter(([, value]) => value !== null))
        const { t } = step.client
        const isValid = ajv.validate(clientFrameSchemas[t as keyof typeof clientFrameSchemas], said)
        expect({ frame: said, isValid }).toEqual({ frame: said, isValid: true })
      }
    }
  })
})
