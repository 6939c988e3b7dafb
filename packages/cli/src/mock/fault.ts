import { ApiError } from './api-error.ts'

/** Where in a stream something goes wrong: behind so many bytes, or at a chunk, counted from 1. */
export type Position = { readonly bytes: number } | { readonly chunk: number }

/** One thing that goes wrong, as the user wrote it: `cut@chunk:7`, `status:429:retry-after=2`. */
export interface Fault {
  readonly kind: FaultKind
  readonly at: Position | 'character' | undefined
  /** What follows the position: `5s`, `overloaded_error`. */
  readonly value: string | undefined
  /** Headers of the response: `retry-after=2`. */
  readonly headers: Readonly<Record<string, string>>
  /** Only for the first requests; every one when absent. */
  readonly times: number | undefined
}

interface Syntax {
  readonly about: string
  readonly position: 'needed' | 'none' | 'optional'
  /** What may follow. */
  readonly value?: RegExp
}

const time = /^\d+(?:\.\d+)?(?:ms|s|m)?$/

/** All there are. The help is made of this table. */
export const faultKinds = {
  cut: { position: 'needed', about: 'cut@1200b, cut@chunk:7: the connection breaks behind these bytes, or this chunk' },
  'close-rst': {
    position: 'optional',
    about: 'close-rst, close-rst@chunk:3: the same with a reset; at once without a position',
  },
  split: { position: 'needed', about: 'split@char, split@10b: writes end inside of characters, or every 10 bytes' },
  stall: {
    position: 'needed',
    value: time,
    about: 'stall@chunk:3:5s: silence before this chunk; for ever without a time',
  },
  dup: { position: 'needed', about: 'dup@chunk:4: this chunk twice' },
  reorder: { position: 'needed', about: 'reorder@chunk:4: this chunk behind the next one' },
  error: {
    position: 'needed',
    value: /^\w+$/,
    about: 'error@chunk:5:overloaded_error: an error in place of this chunk',
  },
  'no-done': { position: 'none', about: 'no-done: the stream ends without [DONE]' },
  'no-finish': { position: 'none', about: 'no-finish: no chunk has a finish reason' },
  'no-usage': { position: 'none', about: 'no-usage: no chunk has usage' },
  crlf: { position: 'none', about: 'crlf: lines end with CR LF' },
  bom: { position: 'none', about: 'bom: a byte order mark comes first' },
  gzip: { position: 'none', about: 'gzip: compressed, flushed after every chunk' },
  status: { position: 'none', value: /^[45]\d\d$/, about: 'status:429:retry-after=2: this status, and these headers' },
} as const satisfies Record<string, Syntax>

export type FaultKind = keyof typeof faultKinds

/** Reads a fault; `undefined` when it is none. `times=2` behind any of them: only for the first two requests. */
export function parseFault(text: string): Fault | undefined {
  const [, kind = '', rest = ''] = /^([a-z-]+)(.*)$/.exec(text.trim()) ?? []
  if (!Object.hasOwn(faultKinds, kind)) return undefined
  const syntax: Syntax = faultKinds[kind as FaultKind]
  const [, position, tail = ''] = /^(?:@(\d+b|chunk:\d+|char))?((?::[^:@]+)*)$/.exec(rest) ?? []
  if (rest !== '' && position === undefined && tail === '') return undefined
  if ((syntax.position === 'needed') !== (position !== undefined) && syntax.position !== 'optional') return undefined
  const values = tail.split(':').filter((part) => part !== '')
  const settings = values.filter((part) => part.includes('=')).map((part) => part.split(/=(.*)/s))
  const [value, ...more] = values.filter((part) => !part.includes('='))
  if (more.length > 0 || (value !== undefined && syntax.value?.test(value) !== true)) return undefined
  if (kind === 'status' && value === undefined) return undefined
  const { times, ...headers } = Object.fromEntries(settings) as Record<string, string>
  if (times !== undefined && !/^[1-9]\d*$/.test(times)) return undefined
  const at = positionOf(position)
  if (!isPlaceFor(kind as FaultKind, at)) return undefined
  return { kind: kind as FaultKind, at, value, headers, times: times === undefined ? undefined : Number(times) }
}

function positionOf(text: string | undefined): Fault['at'] {
  if (text === undefined) return undefined
  if (text === 'char') return 'character'
  return text.endsWith('b') ? { bytes: Number(text.slice(0, -1)) } : { chunk: Number(text.slice('chunk:'.length)) }
}

/** A character is only a place to split at, and only whole chunks can be moved. */
function isPlaceFor(kind: FaultKind, at: Fault['at']): boolean {
  const isChunk = typeof at === 'object' && 'chunk' in at
  if (kind === 'split') return at === 'character' || !isChunk
  if (['dup', 'reorder', 'error'].includes(kind)) return isChunk
  return at !== 'character'
}

/** The faults of each request: those of the server that still have their turn, and those that the request asks for. */
export function createFaultChooser(faults: readonly Fault[]): (header: string | string[] | undefined) => Fault[] {
  let requests = 0
  return (header) => {
    requests += 1
    const asked = (Array.isArray(header) ? header.join(',') : (header ?? ''))
      .split(',')
      .filter((text) => text.trim() !== '')
    const own = asked.map((text) => {
      const fault = parseFault(text)
      if (fault === undefined) throw new ApiError('invalid_fault', { message: `There is no fault '${text.trim()}'.` })
      return fault
    })
    return [...faults.filter(({ times = Infinity }) => requests <= times), ...own]
  }
}
