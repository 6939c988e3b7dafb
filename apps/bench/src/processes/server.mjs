// A server that streams one answer to each request, so many events per write, in a process of its own.
import { createServer } from 'node:http'
import { eventsOf } from '../streams/frames.mjs'
import { chunksOf } from '../streams/shape.mjs'
import { SHAPES } from '../streams/shapes.mjs'
import { answerQuestions } from './child.mjs'

let plan = { writes: [], everyMs: 1 }
/** Streams that have all of their answer but its end, and wait to be let go. */
const waiting = new Set()

/** Whoever wants to know when so many streams wait. */
let watcher

function wait(finish) {
  waiting.add(finish)
  if (waiting.size >= watcher?.streams) watcher.tell()
}

const server = createServer((request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  const { writes, everyMs, holds } = plan
  let at = 0
  // Paced, because writes that follow each other at once arrive as one read.
  const timer = setInterval(() => {
    if (at < writes.length - 1) response.write(writes[at++])
    else {
      clearInterval(timer)
      const finish = () => response.end(writes[at])
      if (holds) wait(finish)
      else finish()
    }
  }, everyMs)
  response.on('close', () => clearInterval(timer))
})

// A client that measures nothing for a while finds its connection as it was.
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1')

const QUESTIONS = {
  async port() {
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
    return { port: server.address().port }
  },
  async plan({ count, eventsPerWrite, everyMs, holds = false }) {
    const events = eventsOf(SHAPES.text, chunksOf(SHAPES.text, count))
    const writes = Array.from({ length: Math.ceil(events.length / eventsPerWrite) }, (_, at) =>
      Buffer.from(events.slice(at * eventsPerWrite, (at + 1) * eventsPerWrite).join('')),
    )
    plan = { writes, everyMs, holds }
    return {}
  },
  /** Answers as soon as so many streams wait. */
  async waiting({ streams }) {
    if (waiting.size < streams) await new Promise((resolve) => (watcher = { streams, tell: resolve }))
    return {}
  },
  async release() {
    for (const finish of waiting) finish()
    waiting.clear()
    return {}
  },
}

answerQuestions((question) => QUESTIONS[question.do](question))
