/** A `Response` whose reads lie ready, given one by one as a socket gives them. */
export function responseOf(reads) {
  let at = 0
  const body = new ReadableStream({
    pull(controller) {
      if (at < reads.length) controller.enqueue(reads[at++])
      else controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

/** Who waits for more of an open stream. Without them the collector would take streams that nobody can end any more. */
const waiting = []

/** A `Response` that gives all its reads and stays open: a stream in the middle of an answer. */
export function openResponseOf(reads) {
  let at = 0
  const body = new ReadableStream({
    async pull(controller) {
      if (at < reads.length) controller.enqueue(reads[at++])
      else await new Promise((resolve) => waiting.push(resolve))
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}
