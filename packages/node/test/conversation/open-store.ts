import KeyvRedis from '@keyv/redis'
import { Keyv } from 'keyv'
import { KeyvFile } from 'keyv-file'

/** A store that several processes share: a folder with one file per message, or a Redis server. */
export function openStore(place: string): Keyv {
  if (place.startsWith('redis:')) {
    // A server that has gone is an error then, where the client would wait for it to come back.
    const store = new KeyvRedis({ url: place, socket: { reconnectStrategy: false } }, { throwOnErrors: true })
    return new Keyv({ store, throwOnErrors: true })
  }
  return new Keyv({ store: new KeyvFile({ filename: place, separatedFile: true }) })
}
