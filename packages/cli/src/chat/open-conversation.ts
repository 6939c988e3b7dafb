import { join } from 'node:path'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import type { Settings } from '../config/load-settings.ts'
import { exitCode } from '../exit-code.ts'
import { CliError } from '../cli-error.ts'
import type { Io } from '../io.ts'
import { openHistory, type History, type Thread } from '../store/history.ts'
import type { ConversationFlags } from './conversation-flags.ts'
import { createConversation, pathTo, type Conversation, type StoredMessage } from './conversation.ts'

export interface OpenedConversation {
  readonly conversation: Conversation
  /** Where drafts of answers go; nothing when the conversation is not kept. */
  readonly draftFolder: string | undefined
  readonly history: History | undefined
}

/** The history of the settings; nothing when there is no place for one. */
export function historyOf(
  flags: Partial<Pick<ConversationFlags, 'data-dir'>>,
  { paths }: Pick<Settings, 'paths'>,
  io: Pick<Io, 'clock'>,
): History | undefined {
  const folder = flags['data-dir'] ?? paths?.dataFolder
  return folder === undefined ? undefined : openHistory(folder, io.clock.date)
}

/** @throws CliError when there is no such conversation */
export function openConversation(
  flags: ConversationFlags,
  settings: Settings,
  io: Pick<Io, 'clock'>,
): OpenedConversation {
  const history = historyOf(flags, settings, io)
  const isKept = history !== undefined && settings.get('store').value !== false
  const write = isKept ? history.append : undefined
  const given = flags.continue ?? flags.fork
  const common = { write, now: io.clock.date, title: flags.title }
  const draftFolder = isKept ? join(history.folder, 'drafts') : undefined
  if (given === undefined) {
    if (flags['at-message'] !== undefined)
      throw usageError('--at-message needs a conversation to go on with: -c or --fork')
    return { conversation: createConversation(common), draftFolder, history }
  }
  if (history === undefined)
    throw new CliError(exitCode.configuration, 'there is no history: the environment names no home')
  const thread = given === '' ? lastThread(history) : findThread(history, given)
  const messages = history.messages(thread.id)
  const path = pathTo(thread.tip, new Map(messages.map((record) => [record.id, record])))
  const tip = flags['at-message'] === undefined ? thread.tip : tipAt(flags['at-message'], path)
  if (flags.fork === undefined) {
    return {
      conversation: createConversation({ ...common, title: flags.title ?? null, stored: { ...thread, messages, tip } }),
      draftFolder,
      history,
    }
  }
  const copy = createConversation({ ...common, title: flags.title ?? `${thread.title} (copy)` })
  const kept = path.slice(0, path.findIndex(({ id }) => id === tip) + 1)
  if (kept.length > 0)
    copy.add(
      ...kept.map(({ message, answer }): StoredMessage => (answer === undefined ? [message] : [message, answer])),
    )
  return { conversation: copy, draftFolder, history }
}

function lastThread(history: History): Thread {
  const [last] = history.threads(1)
  if (last === undefined) throw usageError('there is no conversation to go on with', 'the history is empty')
  return last
}

/** The conversation of that id, beginning of an id, or title. */
export function findThread(history: History, given: string): Thread {
  const found = history.findThreads(given)
  const [first, second] = found
  if (first === undefined)
    throw usageError(`there is no conversation ${quote(given)}`, 'deltawire history ls lists them')
  if (second === undefined) return first
  const some = found.slice(0, 5).map(({ id, title }) => `${id.slice(0, 8)} ${title}`)
  throw usageError(`${found.length} conversations fit ${quote(given)}`, some.join(' · '))
}

function tipAt(number: number, path: readonly { readonly id: string }[]): string {
  const record = path[number - 1]
  if (record === undefined) throw usageError(`there is no message ${number}: the conversation has ${path.length}`)
  return record.id
}
