import { redacted } from '../chat/redacted.ts'
import type { Io } from '../io.ts'
import { isSecretHeader, redacted as secret } from '../recording/redaction.ts'
import { visible } from '../render/visible.ts'

/** `-vv`: the line and the headers of every request and of its response, on stderr. `-vvv`: what they carry, too. */
export function loggedFetch(
  send: typeof fetch,
  { verbose, secrets }: { readonly verbose: number; readonly secrets: readonly string[] },
  { stderr }: Pick<Io, 'stderr'>,
): typeof fetch {
  if (verbose < 2) return send
  const say = (text: string) => stderr.write(visible(redacted(text, secrets)))
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    await say(`> ${init?.method ?? 'GET'} ${url}\n${headerLines('>', new Headers(init?.headers))}`)
    if (verbose > 2 && typeof init?.body === 'string') await say(`${init.body}\n`)
    const response = await send(input, init)
    await say(`< ${response.status}\n${headerLines('<', response.headers)}`)
    if (verbose < 3 || response.body === null) return response
    const decoder = new TextDecoder()
    const body = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        async transform(piece, controller) {
          await say(decoder.decode(piece, { stream: true }))
          controller.enqueue(piece)
        },
      }),
    )
    return new Response(body, { status: response.status, headers: response.headers })
  }
}

function headerLines(mark: string, headers: Headers): string {
  return [...headers].map(([name, value]) => `${mark} ${name}: ${isSecretHeader(name) ? secret : value}\n`).join('')
}
