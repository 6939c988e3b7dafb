import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { pathTo } from '../chat/conversation.ts'
import type { History, Thread } from '../store/history.ts'
import { firstWords, messageText } from '../store/message-text.ts'
import type { AnswerRecord, MessageRecord } from '../store/record.ts'

/** A message that a model gave. */
export type Turn = MessageRecord & {
  readonly message: Extract<MessageRecord['message'], { role: 'assistant' }>
  readonly answer: AnswerRecord
}

/**
 * The answer that is meant: by its id, or the last of a conversation, by the id of that or a title. The beginning of an
 * id does as well, nothing at all is the last conversation, and `/N` behind a conversation is its message N.
 *
 * @throws CliError when there is no such answer, or more than one
 */
export function findTurn(history: History, given: string): Turn {
  if (given === '') return lastTurn(lastThread(history), history)
  const threads = history.findThreads(given)
  const answers = history.findAnswers(given, 6).filter(isTurn)
  // What an id begins with comes before what a title holds.
  const fitting = answers.length > 0 ? threads.filter(({ id }) => id.startsWith(given)) : threads
  const [thread, answer] = [fitting[0], answers[0]]
  if (fitting.length + answers.length > 1) throw ambiguous(given, fitting, answers)
  if (answer !== undefined) return answer
  if (thread !== undefined) return lastTurn(thread, history)
  const [, name, number] = /^(.*)\/(\d+)$/s.exec(given) ?? []
  if (name !== undefined) return numberedTurn(name, Number(number), history)
  throw unknown(given)
}

/** The messages from the first to that one. */
export function pathIn(history: History, thread: string, tip: string | null): MessageRecord[] {
  return pathTo(tip, new Map(history.messages(thread).map((record) => [record.id, record])))
}

/** Message N of a conversation, counted from 1; of a question, the answer to it. */
function numberedTurn(name: string, number: number, history: History): Turn {
  const threads = name === '' ? [lastThread(history)] : history.findThreads(name)
  const [thread] = threads
  if (thread === undefined) throw unknown(name)
  if (threads.length > 1) throw ambiguous(name, threads, [])
  const path = pathIn(history, thread.id, thread.tip)
  const turn = path.slice(Math.max(0, number - 1), number + 1).find(isTurn)
  if (turn !== undefined && number > 0) return turn
  throw usageError(`there is no answer ${number} in ${quote(thread.title)}: it has ${path.length} messages`)
}

function lastThread(history: History): Thread {
  const [last] = history.threads(1)
  if (last === undefined) throw usageError('there is no answer in the history: it is empty')
  return last
}

function lastTurn(thread: Thread, history: History): Turn {
  const last = pathIn(history, thread.id, thread.tip).findLast(isTurn)
  if (last !== undefined) return last
  throw usageError(`nobody has answered in the conversation ${quote(thread.title)}`)
}

const isTurn = (record: MessageRecord): record is Turn =>
  record.answer !== undefined && record.message.role === 'assistant'

function unknown(given: string) {
  return usageError(
    `there is no answer ${quote(`@${given}`)} in the history`,
    `deltawire history ls lists the conversations; a file of that name is ./@${given}`,
  )
}

function ambiguous(given: string, threads: readonly Thread[], answers: readonly Turn[]) {
  const all = [
    ...threads.map(({ id, title }) => `@${id.slice(0, 8)} ${firstWords(title, 30)}`),
    ...answers.map(({ id, message }) => `@${id.slice(0, 8)} ${firstWords(messageText(message), 30)}`),
  ]
  return usageError(`more than one answer fits ${quote(`@${given}`)}`, all.slice(0, 5).join(' · '))
}
