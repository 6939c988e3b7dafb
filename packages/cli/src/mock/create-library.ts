import { demoBytes, demoNames, isDemoName } from '../source/demo.ts'
import { ApiError } from './api-error.ts'
import type { ChatRequest } from './chat-request.ts'
import { toRecording, type Recording } from './recording.ts'

/**
 * What a request is answered with. `model`: the recording of that name. `last-user`: the one whose request ends with the
 * same words of a person. `request`: the one whose request has the same messages. `seq`: one after the other.
 */
export type Match = 'last-user' | 'model' | 'request' | 'seq'

export interface Library {
  /** The models that can be asked for. */
  readonly names: readonly string[]
  choose(request: ChatRequest): Promise<Recording>
}

export interface LibraryOptions {
  readonly recordings: readonly Recording[]
  readonly match: Match
  /** A request that nothing matches is refused. Otherwise it gets the recordings in turn. */
  readonly isStrict: boolean
}

export function createLibrary({ recordings, match, isStrict }: LibraryOptions): Library {
  const byName = new Map(recordings.map((recording) => [recording.name, recording]))
  let next = 0

  async function demo(name: string): Promise<Recording | undefined> {
    if (!isDemoName(name)) return undefined
    const recording = byName.get(`demo:${name}`) ?? (await toRecording(`demo:${name}`, demoBytes(name)))
    byName.set(recording.name, recording)
    return recording
  }

  const finders: { readonly [M in Match]: (request: ChatRequest) => Promise<Recording | undefined> } = {
    model: async ({ model }) => byName.get(model) ?? demo(model.replace(/^demo:/, '')),
    'last-user': async ({ messages }) => {
      const asked = lastUserText(messages)
      return recordings.find((one) => asked !== undefined && lastUserText(messagesIn(one.request)) === asked)
    },
    request: async ({ messages }) => {
      const asked = JSON.stringify(messages)
      return recordings.find((one) => JSON.stringify(messagesIn(one.request)) === asked)
    },
    seq: async () => undefined,
  }

  return {
    names: [...new Set([...byName.keys(), ...demoNames.map((name) => `demo:${name}`)])],
    async choose(request) {
      const found = await finders[match](request)
      if (found !== undefined) return found
      if (isStrict && match !== 'seq') {
        const message = `No recording matches this request (by ${match}).`
        throw new ApiError('model_not_found', { message, param: match === 'model' ? 'model' : 'messages' })
      }
      const turn = recordings[next++ % recordings.length] ?? (await demo('text'))
      if (turn === undefined) throw new ApiError('model_not_found')
      return turn
    },
  }
}

function messagesIn(request: unknown): unknown {
  return typeof request === 'object' && request !== null && 'messages' in request ? request.messages : undefined
}

/** The last words of a person in a list of messages, whichever form they have. */
function lastUserText(messages: unknown): string | undefined {
  if (!Array.isArray(messages)) return undefined
  const all = messages as readonly { role?: unknown; content?: unknown }[]
  const content = all.findLast((message) => message?.role === 'user')?.content
  return content === undefined ? undefined : typeof content === 'string' ? content.trim() : JSON.stringify(content)
}
