import { textOf } from '@deltawire/core'
import {
  createMemoryEngine,
  createReceiver,
  createRelay,
  type DataFrame,
  type EndFrame,
  type LocalStream,
  type MemoryEngine,
  type Principal,
  type Reader,
  type Receiver,
  type Relay,
  type RelayOptions,
  restoreChunk,
} from '../../src/index.ts'
import { cursorFor } from '../../src/hub/local-streams.ts'
import { handSource } from './chunks.ts'
import { type HandClock, handClock } from './hand-clock.ts'

export const ann: Principal = { id: 'ann' }
export const bob: Principal = { id: 'bob' }
export const request = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] }

/** Lets everything happen that waits for nothing but its turn. */
export async function settle(clock: HandClock): Promise<void> {
  for (let turn = 0; turn < 50; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(0)
  }
}

/** Seconds go by, and in each of them everything happens that can. */
export async function pass(clock: HandClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1000)
    await settle(clock)
  }
}

/** A reader that takes what it is sent, and shows what became of it. */
export interface TestReader extends Reader {
  readonly receiver: Receiver
  readonly verdicts: string[]
  isGone: boolean
  stalledMs: number | undefined
  isReady: boolean
}

export function follow(relay: Relay, stream: LocalStream): TestReader {
  const receiver = createReceiver()
  const reader: TestReader = {
    receiver,
    verdicts: [],
    cursor: cursorFor(stream, undefined),
    isReady: true,
    isGone: false,
    stalledMs: undefined,
    held() {},
    send: ({ text }) => void reader.verdicts.push(receiver.receive(JSON.parse(text) as DataFrame | EndFrame)),
    gone() {
      reader.isGone = true
    },
    stalled(ms) {
      reader.stalledMs = ms
    },
  }
  relay.hub.streams.follow(stream, reader)
  return reader
}

export const contentOf = ({ sum }: Receiver): string | undefined => sum && textOf(restoreChunk(sum, sum))

/** Nodes without doors, on one store and one clock. */
export interface HubWorld {
  readonly clock: HandClock
  readonly memory: MemoryEngine
  node(options: Partial<RelayOptions>): Relay
}

/** Makes worlds for the tests of one file. */
export function createHubStage() {
  const relays: Relay[] = []
  return {
    world(): HubWorld {
      const clock = handClock()
      const memory = createMemoryEngine({ clock })
      return {
        clock,
        memory,
        node(options) {
          const relay = createRelay({ open: () => handSource(), engine: memory, clock, ...options })
          relays.push(relay)
          return relay
        },
      }
    },
    /** Closes every node. */
    async clear(): Promise<void> {
      for (const relay of relays.splice(0)) await relay.close()
    },
  }
}

/** Starts a stream, and follows it on the same node. */
export async function begun(
  relay: Relay,
  clock: HandClock,
  over: object = {},
): Promise<{ id: string; reader: TestReader }> {
  const { id } = await relay.hub.start(ann, { key: 'k', request, ...over })
  await settle(clock)
  return { id, reader: follow(relay, await relay.hub.open(ann, id)) }
}
