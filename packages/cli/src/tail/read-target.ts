import type { FlagValues } from '../arguments/command.ts'
import { usageError } from '../arguments/usage-error.ts'
import type { flags } from '../commands/tail.command.ts'
import type { Io } from '../io.ts'
import {
  isRelayAddress,
  isStreamId,
  readNamedAddress,
  readRelayAddress,
  type NamedAddress,
  type RelayAddress,
} from './relay-address.ts'

type Flags = FlagValues<typeof flags>

/** What is followed. */
export type Target =
  | { readonly what: 'file'; readonly path: string }
  | { readonly what: 'stream'; readonly address: RelayAddress; readonly id: string }
  | { readonly what: 'topics'; readonly address: RelayAddress; readonly names: readonly string[] }

/**
 * What the arguments name.
 *
 * @throws CliError when that is nothing or more than one thing, or a flag has no meaning for it
 */
export function readTarget(words: readonly string[], flags: Flags, io: Pick<Io, 'env'>): Target {
  const target = targetOf(words, flags, io)
  const { format, 'until-done': untilDone, from, all } = flags
  if (untilDone && target.what !== 'topics') {
    throw usageError(`--until-done belongs to a topic: a ${target.what} ends by itself`)
  }
  if (from !== 'start' && target.what !== 'stream') {
    throw usageError(`--from ${from} belongs to a STREAM: ${wholes[target.what]}`)
  }
  if (target.what === 'topics' && target.names.length > 1 && format !== 'text') {
    throw usageError('several topics are printed as text only')
  }
  if (all && format !== 'text') throw usageError('--all belongs to --format text: chunks are those of every choice')
  return target
}

const wholes = {
  file: 'a file is printed from its beginning',
  topics: 'each stream of a topic is printed whole',
}

function targetOf(words: readonly string[], { topic }: Flags, { env }: Pick<Io, 'env'>): Target {
  const [first = '', ...rest] = words
  if (!isRelayAddress(first) && rest.length === 0 && topic.length === 0 && isPath(first)) {
    return { what: 'file', path: first }
  }
  // The address may be in the environment, as for every client of a relay.
  const [url = '', stream, tooMany] = isRelayAddress(first) ? words : [env['DELTAWIRE_RELAY_URL'], ...words]
  if (url === '') throw usageError('no relay is named', 'as in: deltawire tail ws://127.0.0.1:8790/TOPIC')
  if (tooMany !== undefined) throw usageError('the first argument is not the address of a relay')
  if (stream === undefined && topic.length === 0 && isRelayAddress(first)) return named(readNamedAddress(url))
  if ((stream === undefined) === (topic.length === 0)) throw notOne()
  const address = readRelayAddress(url)
  return stream === undefined ? { what: 'topics', address, names: topic } : { what: 'stream', address, id: stream }
}

/** `ws://127.0.0.1:8790/plan` */
function named({ name, ...address }: NamedAddress): Target {
  if (name === '') throw notOne()
  return isStreamId(name) ? { what: 'stream', address, id: name } : { what: 'topics', address, names: [name] }
}

function notOne() {
  return usageError(
    'one thing is followed: a STREAM or a --topic NAME',
    'as in: deltawire tail ws://127.0.0.1:8790/TOPIC',
  )
}

/** A name of a file looks like one: a stream has no dot and no slash in its id. */
const isPath = (word: string): boolean => /[./\\]/.test(word)
