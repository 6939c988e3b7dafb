export type HeadersInit = ConstructorParameters<typeof Headers>[0]

/** Each is there because somebody on the way holds back events without it. */
const ours: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream; charset=utf-8',
  // `no-transform` is what keeps compression middleware away: behind Express' `compression()` everything else arrives at
  // once, at the end.
  'cache-control': 'no-cache, no-transform',
  // nginx collects a response before it passes it on, unless it is told here.
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
}

/** The headers of an event stream. Those given win; a length cannot be known. */
export function eventStreamHeaders(given?: HeadersInit): Headers {
  const headers = new Headers(given)
  for (const [name, value] of Object.entries(ours)) if (!headers.has(name)) headers.set(name, value)
  headers.delete('content-length')
  return headers
}
