import { afterEach } from 'vitest'
import { type Address, connectRelay, type Relay, type RelayOptions } from '../../src/client/index.ts'
import { createFakeClock, turn } from './fake-clock.ts'
import { createScriptedPeer } from './scripted-peer.ts'

const relays: Relay[] = []
afterEach(() => {
  for (const relay of relays.splice(0)) relay.close()
})

/** A client with a welcome, its server and its clock. */
export async function connected({ url = 'ws://relay.test', ...options }: RelayOptions & { url?: Address } = {}) {
  const clock = createFakeClock()
  const peer = createScriptedPeer()
  const relay = connectRelay(url, { WebSocket: peer.WebSocket, clock, random: () => 0.5, ...options })
  relays.push(relay)
  await turn()
  peer.socket.welcome()
  return { clock, peer, relay }
}

/** A client that follows a stream, whose subscription the server grants. */
export async function following(options: RelayOptions = {}) {
  const all = await connected(options)
  const stream = all.relay.subscribe('st_1')
  const [sub] = all.peer.socket.take('sub')
  all.peer.socket.say({ t: 'ok', id: sub?.id ?? '', s: 'st_1', st: 'live' })
  return { ...all, stream }
}
