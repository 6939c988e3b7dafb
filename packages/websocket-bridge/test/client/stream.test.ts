import { accumulate, type ChatCompletionChunk, textOf } from '@deltawire/core'
import { describe, expect, it } from 'vitest'
import type { RelayStream, RelayUpdate } from '../../src/client/index.ts'
import type { ServerFrame } from '../../src/protocol/frame.ts'
import { connected, following } from './connected.ts'
import { turn } from './fake-clock.ts'
import { chunkOf, createTruth, textChunks } from './truth.ts'

async function updatesOf(stream: RelayStream): Promise<RelayUpdate[]> {
  const updates: RelayUpdate[] = []
  for await (const update of stream.updates()) updates.push(update)
  return updates
}

async function chunksOf(stream: RelayStream): Promise<ChatCompletionChunk[]> {
  const chunks: ChatCompletionChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

describe('a followed stream', () => {
  it('gives each chunk as it comes, whole again, and ends with the stream', async () => {
    const { peer, stream } = await following()
    const truth = createTruth(textChunks('Hel', 'lo ', 'world'))
    const reading = chunksOf(stream)
    for (const o of [1, 2, 3]) {
      peer.socket.say(truth.data(o - 1, o))
      await turn()
    }
    expect(stream).toMatchObject({ id: 'st_1', position: { e: 'e1', o: 3 }, status: 'live' })
    peer.socket.say(truth.end())
    expect(await reading).toEqual(textChunks('Hel', 'lo ', 'world'))
    expect(stream.status).toBe('done')
  })

  it('gives a late joiner the sum first', async () => {
    const { peer, stream } = await following()
    const truth = createTruth(textChunks('Hel', 'lo ', 'world'))
    peer.socket.say(truth.merged(0, 2), truth.data(2, 3), truth.end())
    const { completion, complete } = await accumulate(stream)
    expect(completion?.choices[0]?.message.content).toBe('Hello world')
    expect(complete).toBe(true)
  })

  it('gives nothing where all that there is is nothing yet', async () => {
    const { peer, stream } = await following()
    const truth = createTruth(textChunks('a', 'b'))
    const reading = chunksOf(stream)
    peer.socket.say({ t: 'd', s: 'st_1', e: 'e1', o: 0, n: 0, c: [] })
    await turn()
    peer.socket.say(truth.data(0, 2), truth.end())
    expect((await reading).map(textOf)).toEqual(['ab'])
  })

  it('gives a slow reader one chunk, the sum of what it missed', async () => {
    const { peer, stream } = await following()
    const truth = createTruth(textChunks('a', 'b', 'c', 'd'))
    const chunks = stream[Symbol.asyncIterator]()
    peer.socket.say(truth.data(0, 1))
    expect(textOf((await chunks.next()).value ?? { choices: [] })).toBe('a')
    peer.socket.say(truth.data(1, 2), truth.data(2, 3), truth.data(3, 4), truth.end())
    expect(textOf((await chunks.next()).value ?? { choices: [] })).toBe('bcd')
    expect(await chunks.next()).toEqual({ done: true, value: undefined })
  })

  it('resumes from its position on another socket, and gives nothing twice', async () => {
    const { clock, peer, stream } = await following()
    const truth = createTruth(textChunks('a', 'b', 'c', 'd'))
    const reading = chunksOf(stream)
    peer.socket.say(truth.data(0, 2))
    await turn()
    peer.socket.drop()
    await clock.pass(250)
    expect(peer.sockets).toHaveLength(2)
    peer.socket.welcome()
    const [sub] = peer.socket.take('sub')
    expect(sub).toMatchObject({ s: 'st_1', from: { e: 'e1', o: 2 } })
    peer.socket.say({ t: 'ok', id: sub?.id ?? '' }, truth.data(1, 2), truth.data(2, 4), truth.end())
    expect((await reading).map(textOf).join('')).toBe('abcd')
  })

  it('subscribes again, once, from its position, where something is missing', async () => {
    const { peer, stream } = await following()
    const truth = createTruth(textChunks('a', 'b', 'c', 'd'))
    const reading = chunksOf(stream)
    peer.socket.say(truth.data(0, 1), truth.data(2, 3), truth.data(3, 4), truth.end())
    const subs = peer.socket.take('sub')
    expect(subs).toMatchObject([{ s: 'st_1', from: { e: 'e1', o: 1 } }])
    peer.socket.say({ t: 'ok', id: subs[0]?.id ?? '' }, truth.data(1, 4), truth.end())
    expect((await reading).map(textOf).join('')).toBe('abcd')
  })

  it('gives what is new in it where all of the stream comes at once', async () => {
    const { peer, stream } = await following()
    const truth = createTruth([
      chunkOf({ role: 'assistant', content: 'Hel', reasoning_content: 'Hm' }),
      chunkOf({ content: 'lo' }),
      chunkOf({
        tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":' } }],
      }),
      chunkOf(
        {
          tool_calls: [
            { index: 0, function: { arguments: '1}' } },
            { index: 1, id: 'call_2', type: 'function', function: { name: 'g', arguments: '' } },
          ],
        },
        'stop',
      ),
    ])
    const reading = updatesOf(stream)
    peer.socket.say(truth.data(0, 3))
    await turn()
    peer.socket.say({ ...truth.merged(0, 4), e: 'e2' }, { ...truth.end(), e: 'e2' })
    const updates = await reading
    expect(updates.map(({ replaces }) => replaces)).toEqual([false, false])
    expect(updates.map(({ position }) => position)).toEqual([
      { e: 'e1', o: 3 },
      { e: 'e2', o: 4 },
    ])
    expect(updates[1]?.chunk.choices).toEqual([
      {
        index: 0,
        delta: {
          tool_calls: [
            { index: 0, id: 'call_1', type: 'function', function: { arguments: '1}' } },
            { index: 1, id: 'call_2', type: 'function', function: { name: 'g', arguments: '' } },
          ],
        },
        finish_reason: 'stop',
      },
    ])
  })

  it('tells a reader of updates to forget what is not in the stream any more', async () => {
    const { peer, stream } = await following()
    const lost = createTruth(textChunks('It is ', 'raining', '.'))
    const truth = createTruth(textChunks('It is ', 'sunny.'), { e: 'e2' })
    const reading = updatesOf(stream)
    peer.socket.say(lost.data(0, 2))
    await turn()
    peer.socket.say(truth.merged(0, 2), truth.end())
    const updates = await reading
    expect(updates.map(({ chunk, replaces }) => [textOf(chunk), replaces])).toEqual([
      ['It is raining', false],
      ['It is sunny.', true],
    ])
  })

  it('throws to a reader of chunks rather than mix what is not in the stream any more with what is', async () => {
    const { peer, stream } = await following()
    const lost = createTruth(textChunks('It is ', 'raining', '.'))
    const truth = createTruth(textChunks('It is ', 'sunny.'), { e: 'e2' })
    const reading = chunksOf(stream)
    peer.socket.say(lost.data(0, 2))
    await turn()
    peer.socket.say(truth.merged(0, 2), truth.end())
    await expect(reading).rejects.toMatchObject({ name: 'RelayError', code: 'replaced' })
  })

  it('does not ask a reader to forget what it has not taken yet', async () => {
    const { peer, stream } = await following()
    const lost = createTruth(textChunks('raining', '.'))
    const truth = createTruth(textChunks('sunny.'), { e: 'e2' })
    peer.socket.say(lost.data(0, 1), truth.merged(0, 1), truth.end())
    expect((await chunksOf(stream)).map(textOf)).toEqual(['sunny.'])
  })

  it('repairs an answer that arrived damaged, once', async () => {
    const { peer, stream } = await following()
    const truth = createTruth(textChunks('a', 'b', 'c'))
    const damaged = createTruth(textChunks('a', 'X', 'c'))
    const reading = updatesOf(stream)
    peer.socket.say(damaged.data(0, 3))
    await turn()
    peer.socket.say(truth.end())
    const [sub] = peer.socket.take('sub')
    expect(sub).not.toHaveProperty('from')
    peer.socket.say({ t: 'ok', id: sub?.id ?? '' }, truth.merged(0, 3), truth.end())
    expect((await reading).map(({ chunk, replaces }) => [textOf(chunk), replaces])).toEqual([
      ['aXc', false],
      ['abc', true],
    ])
  })

  it('throws corrupt where the answer arrives damaged twice', async () => {
    const { peer, stream } = await following()
    const truth = createTruth(textChunks('a', 'b', 'c'))
    const damaged = createTruth(textChunks('a', 'X', 'c'))
    const reading = updatesOf(stream)
    peer.socket.say(damaged.data(0, 3), truth.end())
    peer.socket.say({ t: 'ok', id: peer.socket.take('sub')[0]?.id ?? '' }, damaged.data(0, 3), truth.end())
    await expect(reading).rejects.toMatchObject({ code: 'corrupt' })
  })

  it.each(['failed', 'interrupted', 'limit'] as const)('gives what came, then throws %s', async (st) => {
    const { peer, stream } = await following()
    const truth = createTruth(textChunks('a', 'b'))
    const given: string[] = []
    peer.socket.say(truth.data(0, 1), { ...truth.end(st, 1), err: { code: 'x', message: 'why' } })
    const reading = (async () => {
      for await (const chunk of stream) given.push(textOf(chunk))
    })()
    await expect(reading).rejects.toMatchObject({ code: st, message: `[${st}] why`, details: { error: { code: 'x' } } })
    expect(given).toEqual(['a'])
  })

  it('ends normally when it is cancelled: the partial answer stays', async () => {
    const { peer, stream } = await following()
    const truth = createTruth(textChunks('a', 'b'))
    const cancelling = stream.cancel('the user pressed stop')
    const [cancel] = peer.socket.take('cancel')
    expect(cancel).toMatchObject({ s: 'st_1', why: 'the user pressed stop' })
    peer.socket.say(truth.data(0, 1), { t: 'ok', id: cancel?.id ?? '', st: 'cancelled' }, truth.end('cancelled', 1))
    expect(await cancelling).toBe('cancelled')
    expect((await chunksOf(stream)).map(textOf)).toEqual(['a'])
    expect(stream.status).toBe('cancelled')
  })

  it('is left, and not cancelled, by a reader that breaks off', async () => {
    const { peer, stream } = await following()
    const truth = createTruth(textChunks('a', 'b'))
    peer.socket.say(truth.data(0, 1))
    for await (const chunk of stream) {
      expect(textOf(chunk)).toBe('a')
      break
    }
    expect(peer.socket.take('unsub')).toEqual([{ t: 'unsub', s: 'st_1' }])
    expect(peer.socket.take('cancel')).toEqual([])
  })

  it('is left by a reader that waits', async () => {
    const { peer, stream } = await following()
    const reading = chunksOf(stream)
    await turn()
    stream.leave()
    expect(await reading).toEqual([])
    expect(peer.socket.take('unsub')).toHaveLength(1)
  })

  it('serves several readers of a client with one subscription, a late one with the sum first', async () => {
    const { peer, relay, stream } = await following()
    const truth = createTruth(textChunks('a', 'b', 'c'))
    peer.socket.say(truth.data(0, 2))
    await turn()
    const second = relay.subscribe('st_1')
    expect(peer.socket.take('sub')).toEqual([])
    peer.socket.say(truth.data(2, 3), truth.end())
    expect((await chunksOf(stream)).map(textOf).join('')).toBe('abc')
    expect((await chunksOf(second)).map(textOf).join('')).toBe('abc')
  })

  it('goes on where somebody was, with what they have', async () => {
    const { peer, relay } = await connected()
    const truth = createTruth(textChunks('a', 'b', 'c'))
    const sum = truth.merged(0, 2).c[0]
    const stream = relay.subscribe('st_1', { from: { position: { e: 'e1', o: 2 }, sum } })
    const [sub] = peer.socket.take('sub')
    expect(sub).toMatchObject({ from: { e: 'e1', o: 2 } })
    peer.socket.say({ t: 'ok', id: sub?.id ?? '' }, truth.data(2, 3), truth.end())
    expect((await chunksOf(stream)).map(textOf)).toEqual(['c'])
    expect(sum).toEqual(truth.merged(0, 2).c[0])
  })

  it('goes on at a bare position, and replaces everything if everything comes', async () => {
    const { peer, relay } = await connected()
    const truth = createTruth(textChunks('a', 'b', 'c'))
    const say = (stream: RelayStream, ...frames: ServerFrame[]) => {
      peer.socket.say({ t: 'ok', id: peer.socket.take('sub')[0]?.id ?? '' }, ...frames)
      return updatesOf(stream)
    }
    const from = { position: { e: 'e1', o: 2 } }
    const added = await say(relay.subscribe('st_1', { from }), truth.data(2, 3), truth.end())
    expect(added.map(({ chunk, replaces }) => [textOf(chunk), replaces])).toEqual([['c', false]])
    const whole = await say(relay.subscribe('st_1', { from }), truth.data(0, 3), truth.end())
    expect(whole.map(({ chunk, replaces }) => [textOf(chunk), replaces])).toEqual([['abc', true]])
  })

  it('throws corrupt where the frames never fit together', async () => {
    const { peer, stream } = await following()
    const truth = createTruth(textChunks('a', 'b', 'c'))
    for (let times = 0; times < 8; times++) {
      peer.socket.say(truth.data(1, 2))
      peer.socket.say({ t: 'ok', id: peer.socket.take('sub')[0]?.id ?? '' })
    }
    expect(peer.socket.take('unsub')).toEqual([])
    peer.socket.say(truth.data(1, 2))
    expect(peer.socket.take('unsub')).toHaveLength(1)
    await expect(chunksOf(stream)).rejects.toMatchObject({ code: 'corrupt' })
  })

  it('throws why it was refused', async () => {
    const { peer, relay } = await connected()
    const stream = relay.subscribe('st_1')
    const [sub] = peer.socket.take('sub')
    peer.socket.say({ t: 'err', id: sub?.id ?? '', s: 'st_1', code: 'gone', msg: 'it has expired' })
    await expect(chunksOf(stream)).rejects.toMatchObject({ code: 'gone', message: '[gone] it has expired' })
  })

  it('is asked for again where the server could not give it now', async () => {
    const { clock, peer, relay } = await connected()
    relay.subscribe('st_1')
    const [sub] = peer.socket.take('sub')
    peer.socket.say({ t: 'err', id: sub?.id ?? '', s: 'st_1', code: 'unavailable', msg: 'no store', retryMs: 300 })
    await clock.pass(299)
    expect(peer.socket.take('sub')).toEqual([])
    await clock.pass(1)
    expect(peer.socket.take('sub')).toHaveLength(1)
  })
})
