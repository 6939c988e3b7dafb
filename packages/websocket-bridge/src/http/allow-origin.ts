/** What a request of this relay may say beside what every request may. */
const HEADERS = ['authorization', 'content-type', 'idempotency-key', 'last-event-id', 'x-topic', 'x-cancel-after-ms']

/**
 * Lets a page of another origin that is allowed send its request, and see the answer.
 *
 * @param asked the headers that its browser asks for: official clients add some of their own, and an allowed page may say
 *   what it likes
 */
export function allowOrigin(headers: Headers, origin: string, asked: string | null, cookies: boolean): void {
  const others = (asked ?? '').split(',').map((name) => name.trim().toLowerCase())
  const names = new Set([...HEADERS, ...others.filter((name) => name !== '')])
  headers.set('access-control-allow-origin', origin)
  headers.append('vary', 'origin')
  headers.set('access-control-allow-headers', [...names].join(', '))
  headers.set('access-control-allow-methods', 'GET, POST, DELETE')
  headers.set('access-control-expose-headers', 'x-stream-id, retry-after')
  if (cookies) headers.set('access-control-allow-credentials', 'true')
}
