import { afterEach, describe, expect, test } from 'vitest'
import { answerOf, chunkOf, handSource } from './support/chunks.ts'
import { ann, begun, contentOf, createHubStage, follow, pass, request, settle } from './support/hub-world.ts'

const { world, clear } = createHubStage()
afterEach(clear)

/** The longest for which deltas are held back. */
const LONGEST_WINDOW_MS = 40

describe('a model', () => {
  test('that says ten thousand chunks a second is summed: readers get few frames, and nothing is held for longer than the window', async () => {
    const { clock, node } = world()
    const source = handSource()
    const relay = node({ open: () => source })
    const { id } = await relay.hub.start(ann, { key: 'k', request })
    await settle(clock)
    const stream = await relay.hub.open(ann, id)
    const givenAt: number[] = []
    let latest = 0
    let frames = 0
    const readers = Array.from({ length: 50 }, () => {
      const reader = follow(relay, stream)
      return Object.assign(reader, {
        send: ((send) => (frame: Parameters<typeof send>[0]) => {
          frames++
          send(frame)
          const { position } = reader.receiver
          for (let o = (position?.o ?? 0) - frame.covers; o < (position?.o ?? 0); o++)
            latest = Math.max(latest, clock.now() - (givenAt[o] ?? 0))
        })(reader.send),
      })
    })
    const chunks = answerOf(...Array.from({ length: 9_998 }, (_, n) => ` ${n}`))
    for (let at = 0; at < chunks.length; at += 10) {
      for (let n = 0; n < 10; n++) givenAt.push(clock.now())
      source.give(...chunks.slice(at, at + 10))
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
      clock.advance(1)
    }
    source.end()
    await settle(clock)
    const whole = Array.from({ length: 9_998 }, (_, n) => ` ${n}`).join('')
    for (const { receiver } of readers) {
      expect(receiver.end?.st).toBe('done')
      expect(contentOf(receiver) === whole).toBe(true)
    }
    expect(latest).toBeLessThanOrEqual(LONGEST_WINDOW_MS)
    // A second of windows, and what was sent before it was known how much comes.
    expect(frames / readers.length).toBeLessThan(400)
  })

  test('that says one chunk a minute is waited for, and each comes at once', async () => {
    const { clock, node } = world()
    const source = handSource()
    const relay = node({ open: () => source })
    const { reader } = await begun(relay, clock)
    for (let minute = 1; minute <= 5; minute++) {
      source.give(chunkOf({ content: `${minute} ` }))
      await settle(clock)
      expect([minute, reader.receiver.position?.o]).toEqual([minute, minute])
      reader.stalledMs = undefined
      await pass(clock, 60)
      // It is told that nothing comes, and keeps what it has.
      expect([minute, reader.stalledMs ?? 0]).toEqual([minute, expect.closeTo(30_000, -4)])
    }
    source.end()
    await settle(clock)
    expect([reader.receiver.end?.st, contentOf(reader.receiver)]).toEqual(['done', '1 2 3 4 5 '])
    expect(relay.stats.streamsTakenOver).toBe(0)
  })
})
