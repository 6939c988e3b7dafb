import type { Chat, ChatSnapshot, Message, MessagePart, ToolCallPart } from '@deltawire/browser'
import { bindText } from '@deltawire/browser/dom'
import { find, text } from './elements.ts'
import { watchFigures } from './lane-figures.ts'

export interface Lane {
  readonly name: string
  readonly title: string
  /** How an answer comes here. */
  readonly how: string
  readonly chat: Chat
  /** Draws all of the text anew each time, as many pages do. */
  readonly isNaive: boolean
}

/** So many chunks are shown as they came. */
const wireLines = 60

/** Puts a lane on the page. What changes is drawn from the chat; nothing of it is ever markup. */
export function showLane(lane: Lane, template: HTMLTemplateElement, into: Element): { begin(): void } {
  // The template holds one element.
  const section = (template.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLElement
  const { chat } = lane
  section.dataset['lane'] = lane.name
  section.setAttribute('aria-labelledby', `lane-${lane.name}`)
  const title = find(section, 'h2')
  title.id = `lane-${lane.name}`
  text(title, lane.title)
  text(find(section, '.how'), lane.how)
  into.append(section)

  // First to be told, so that it sees how long the others take.
  const figures = watchFigures(chat)
  bindText(find(section, '.thought'), chat, (snapshot) => joined(snapshot, 'reasoning'))
  const answer = find(section, '.answer')
  if (lane.isNaive) chat.subscribe(() => (answer.textContent = joined(chat.getSnapshot(), 'text')))
  else bindText(answer, chat)
  const wire = watchWire(chat, find(section, '.wire'))

  // Who reads at the end goes on reading at the end; who scrolled up stays there.
  let isAtEnd = true
  answer.addEventListener('scroll', () => {
    isAtEnd = answer.scrollHeight - answer.scrollTop - answer.clientHeight < 8
  })

  function draw(): void {
    const snapshot = chat.getSnapshot()
    drawState(find(section, '.state'), snapshot)
    drawCall(find(section, '.call'), callOf(snapshot))
    if (isAtEnd) answer.scrollTop = answer.scrollHeight
  }
  draw()
  chat.subscribe(() => {
    draw()
    figures.drawn()
  })
  setInterval(() => {
    drawRows(find(section, '.figures'), figures.rows(), 'div')
    wire.draw()
  }, 250)

  return {
    begin() {
      figures.reset()
      wire.clear()
    },
  }
}

function drawState(element: HTMLElement, { status, connection, messages, error }: ChatSnapshot): void {
  const state = status === 'ready' ? idleStateOf(messages.at(-1)) : status
  const more = connection === 'idle' || connection === 'open' ? '' : `, ${connection}`
  element.dataset['state'] = state
  text(element, `${state}${more}${error === null ? '' : `: ${error.message}`}`)
}

/** What became of the last answer. `left`: nobody reads it, and it may go on. */
function idleStateOf(last: Message | undefined): string {
  if (last?.role !== 'assistant') return 'ready'
  const { finishReason = 'left' } = last
  return ['interrupted', 'left', 'stopped'].includes(finishReason) ? finishReason : 'done'
}

function callOf({ messages }: ChatSnapshot): ToolCallPart | undefined {
  return messages.at(-1)?.parts.find((part): part is ToolCallPart => part.type === 'tool-call')
}

/** The arguments of a call, field by field, as far as they have come. */
function drawCall(element: HTMLElement, call: ToolCallPart | undefined): void {
  element.hidden = call === undefined
  if (call === undefined) return
  text(find(element, '.name'), `${call.name}(…) ${call.state}`)
  const args: unknown = call.args
  const rows = typeof args === 'object' && args !== null ? Object.entries(args) : []
  drawRows(
    find(element, '.arguments'),
    rows.map(([name, value]: [string, unknown]) => [name, typeof value === 'string' ? value : spaced(value)]),
  )
}

/** JSON on one line, with places where a line may end. */
const spaced = (value: unknown): string => JSON.stringify(value, undefined, 1).replaceAll(/\n */g, ' ')

/** A list of terms and values. Rows that are there are changed, not made anew: a reader keeps the place. */
function drawRows(list: HTMLElement, rows: readonly (readonly [string, string])[], around?: 'div'): void {
  const values = [...list.querySelectorAll('dd')]
  if (values.length > rows.length) {
    list.replaceChildren()
    values.length = 0
  }
  for (const [at, [name, value]] of rows.entries()) {
    const shown = values[at]
    if (shown !== undefined) {
      text(shown, value)
      continue
    }
    const term = document.createElement('dt')
    const detail = document.createElement('dd')
    text(term, name)
    text(detail, value)
    const row = around === undefined ? list : list.appendChild(document.createElement(around))
    row.append(term, detail)
  }
}

function watchWire(chat: Chat, wire: HTMLElement) {
  const lines: string[] = []
  let isNew = false
  chat.on('chunk', ({ chunk }) => {
    lines.push(JSON.stringify(chunk))
    if (lines.length > wireLines) lines.shift()
    isNew = true
  })
  return {
    clear() {
      lines.length = 0
      isNew = true
    },
    draw() {
      if (!isNew || !(wire as HTMLDetailsElement).open) return
      isNew = false
      const pre = find(wire, 'pre')
      text(pre, lines.join('\n'))
      pre.scrollTop = pre.scrollHeight
    },
  }
}

function joined({ messages }: ChatSnapshot, type: 'reasoning' | 'text'): string {
  const parts: readonly MessagePart[] = messages.at(-1)?.parts ?? []
  return parts.map((part) => (part.type === type ? part.text : '')).join('')
}
