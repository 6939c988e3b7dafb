// The same answer as each candidate wants it on the wire.

/** So many characters of arguments, as a table that a tool fills. */
const argsOf = (characters) => {
  const rows = []
  for (let at = 0, length = 12; length < characters; at++) {
    rows.push({ id: at, name: `item number ${at}` })
    length += JSON.stringify(rows[at]).length + 1
  }
  return JSON.stringify({ rows })
}

/** @type {Readonly<Record<string, (count: number) => string[]>>} */
const deltas = {
  // Four characters are what models write at a time.
  text: (count) => Array.from({ length: count }, (_, at) => ['The ', 'sum ', 'of c', 'hunk', 's is'][at % 5]),
  tool(count) {
    const args = argsOf(count * 6)
    const cut = (at) => Math.floor((at * args.length) / count)
    return Array.from({ length: count }, (_, at) => args.slice(cut(at), cut(at + 1)))
  },
}

const chunk = (delta, finish_reason = null) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_785_000_000,
  model: 'bench',
  choices: [{ index: 0, delta, finish_reason }],
})

/** Each: the events before, of one delta, and after. */
const formatsOf = (run) => ({
  openai: {
    text: {
      open: [chunk({ role: 'assistant', content: '' })],
      delta: (content) => chunk({ content }),
      close: () => [chunk({}, 'stop')],
    },
    tool: {
      open: [
        chunk({
          role: 'assistant',
          tool_calls: [{ index: 0, id: run, type: 'function', function: { name: 'save', arguments: '' } }],
        }),
      ],
      delta: (piece) => chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }),
      close: () => [chunk({}, 'tool_calls')],
    },
  },
  'ai-sdk': {
    text: {
      open: [{ type: 'start' }, { type: 'start-step' }, { type: 'text-start', id: run }],
      delta: (delta) => ({ type: 'text-delta', id: run, delta }),
      close: () => [{ type: 'text-end', id: run }, { type: 'finish-step' }, { type: 'finish' }],
    },
    tool: {
      open: [
        { type: 'start' },
        { type: 'start-step' },
        { type: 'tool-input-start', toolCallId: run, toolName: 'save' },
      ],
      delta: (inputTextDelta) => ({ type: 'tool-input-delta', toolCallId: run, inputTextDelta }),
      close: (args) => [
        { type: 'tool-input-available', toolCallId: run, toolName: 'save', input: JSON.parse(args) },
        { type: 'finish-step' },
        { type: 'finish' },
      ],
    },
  },
  tanstack: {
    text: {
      open: [
        { type: 'RUN_STARTED', threadId: 't', runId: run },
        { type: 'TEXT_MESSAGE_START', messageId: run, role: 'assistant' },
      ],
      delta: (delta) => ({ type: 'TEXT_MESSAGE_CONTENT', messageId: run, delta }),
      close: () => [
        { type: 'TEXT_MESSAGE_END', messageId: run },
        { type: 'RUN_FINISHED', threadId: 't', runId: run, finishReason: 'stop' },
      ],
    },
    tool: {
      open: [
        { type: 'RUN_STARTED', threadId: 't', runId: run },
        { type: 'TOOL_CALL_START', toolCallId: run, toolCallName: 'save', toolName: 'save', parentMessageId: run },
      ],
      delta: (delta) => ({ type: 'TOOL_CALL_ARGS', toolCallId: run, delta }),
      close: () => [
        { type: 'TOOL_CALL_END', toolCallId: run },
        { type: 'RUN_FINISHED', threadId: 't', runId: run, finishReason: 'tool_calls' },
      ],
    },
  },
})

let runs = 0

/**
 * The events of an answer, in a format.
 *
 * @param {{ format: keyof ReturnType<typeof formatsOf>, kind: 'text' | 'tool', count: number }} wanted
 */
export function eventsOf({ format, kind, count }) {
  const pieces = deltas[kind](count)
  const { open, delta, close } = formatsOf(`run-${++runs}`)[format][kind]
  return { open, deltas: pieces.map(delta), close: close(pieces.join('')), length: pieces.join('').length }
}

const frame = (event) => `data: ${JSON.stringify(event)}\n\n`

function drained(res) {
  return new Promise((resolve) => {
    const done = () => {
      res.off('drain', done).off('close', done)
      resolve()
    }
    res.on('drain', done).on('close', done)
  })
}

/** Sends an answer: at once, or so many deltas a second. */
export async function sendEvents(res, wanted, perSecond) {
  const { open, deltas: events, close } = eventsOf(wanted)
  res.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-vercel-ai-ui-message-stream': 'v1',
  })
  res.write(open.map(frame).join(''))
  const start = performance.now()
  for (let sent = 0; sent < events.length && !res.destroyed;) {
    const due = perSecond === 0 ? sent + 500 : Math.floor(((performance.now() - start) * perSecond) / 1_000)
    const upTo = Math.min(events.length, due)
    if (upTo > sent && !res.write(events.slice(sent, upTo).map(frame).join(''))) await drained(res)
    sent = Math.max(sent, upTo)
    if (perSecond > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  res.end(`${close.map(frame).join('')}data: [DONE]\n\n`)
}
