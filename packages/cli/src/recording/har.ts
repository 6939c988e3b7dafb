import { jsonIn } from '../json-in.ts'
import { isObject, type Obj } from '../lint/raw-part.ts'
import { bodyIn } from './body-in.ts'
import type { CapturedCall } from './captured-call.ts'

/** What was found in a HAR file. */
export interface HarCalls {
  readonly calls: readonly CapturedCall[]
  /** Chat completions whose answer is not in the file. */
  readonly withoutBody: number
}

/**
 * The chat completions in a HAR file, as the developer tools of browsers and proxies export one
 * (http://www.softwareishard.com/blog/har-12-spec/).
 *
 * Of the times it only tells when the answer began: when each piece came is not known.
 *
 * @returns `undefined` when the text is no HAR
 */
export function callsInHar(text: string): HarCalls | undefined {
  const { log } = objectOr(jsonIn(text))
  if (!isObject(log) || !Array.isArray(log['entries'])) return undefined
  const found = (log['entries'] as unknown[]).filter(isObject).filter(isChatCompletion).map(callOf)
  const calls = found.filter((call) => call !== undefined)
  return { calls, withoutBody: found.length - calls.length }
}

/** A page loads much else. What is asked tells, or what comes back. */
function isChatCompletion({ request, response }: Obj): boolean {
  const { method, url } = objectOr(request)
  if (textOr(method).toUpperCase() !== 'POST') return false
  const { mimeType } = objectOr(objectOr(response)['content'])
  return /\/chat\/completions(?:[?#]|$)/.test(textOr(url)) || textOr(mimeType).startsWith('text/event-stream')
}

function callOf({ startedDateTime, request, response, timings }: Obj): CapturedCall | undefined {
  const { method, url, headers, postData } = objectOr(request)
  const answer = objectOr(response)
  const bytes = bytesOf(objectOr(answer['content']))
  const status = typeof answer['status'] === 'number' ? answer['status'] : 0
  // An answer that never came has no status; one that was not exported has no text.
  if (bytes === undefined || status === 0) return undefined
  const sent = textOr(objectOr(postData)['text'])
  const started = new Date(textOr(startedDateTime))
  return {
    started: Number.isNaN(started.getTime()) ? new Date(0) : started,
    request: {
      method: textOr(method),
      url: textOr(url),
      headers: headersIn(headers),
      ...(sent !== '' && { body: bodyIn(sent) }),
    },
    response: { status, headers: headersIn(answer['headers']), t: waitIn(objectOr(timings)) },
    bytes,
  }
}

function headersIn(list: unknown): Record<string, string> {
  const headers = new Map<string, string>()
  for (const { name, value } of (Array.isArray(list) ? (list as unknown[]) : []).filter(isObject)) {
    const key = textOr(name).toLowerCase()
    // HTTP/2 writes the first line of a request as fields (`:path`).
    if (key === '' || key.startsWith(':')) continue
    const before = headers.get(key)
    headers.set(key, before === undefined ? textOr(value) : `${before}, ${textOr(value)}`)
  }
  return Object.fromEntries(headers)
}

function bytesOf({ text, encoding }: Obj): Uint8Array | undefined {
  if (typeof text !== 'string' || text === '') return undefined
  return Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8')
}

/** From when the request was sent to the head of the answer. -1 stands for what does not apply. */
function waitIn(timings: Obj): number {
  return ['send', 'wait'].reduce((sum, name) => {
    const ms = timings[name]
    return typeof ms === 'number' && ms > 0 ? sum + ms : sum
  }, 0)
}

function objectOr(value: unknown): Obj {
  return isObject(value) ? value : {}
}

function textOr(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
