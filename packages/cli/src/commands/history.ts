import type { Run } from '../arguments/command.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { confirm } from '../chat/confirm.ts'
import { pathTo, createConversation, type StoredMessage } from '../chat/conversation.ts'
import { exportForms } from '../chat/export-thread.ts'
import { foundLine, threadLine } from '../chat/history-lines.ts'
import { readChatgptStore } from '../chat/import-chatgpt.ts'
import { readExport } from '../chat/import-export.ts'
import { findThread, historyOf } from '../chat/open-conversation.ts'
import { treeText } from '../chat/tree-text.ts'
import { createUsageTotal, type UsageTotal } from '../chat/usage-total.ts'
import { answerWriterOf } from '../chat/create-printer.ts'
import { CliError } from '../cli-error.ts'
import type { ConfigFlags } from '../config/config-flags.ts'
import { loadSettings } from '../config/load-settings.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { visible, visibleJson, visibleLine } from '../render/visible.ts'
import { note } from '../report.ts'
import type { History, Thread } from '../store/history.ts'
import { messageText } from '../store/message-text.ts'
import type { MessageRecord } from '../store/record.ts'
import type {
  exportFlags,
  forkFlags,
  importFlags,
  lsFlags,
  plainFlags,
  pruneFlags,
  renameFlags,
  rmFlags,
  searchFlags,
  showFlags,
} from './history.command.ts'

export const historyLs: Run<typeof lsFlags> = async ({ flags }, io) => {
  const threads = (await open(flags, io)).threads(flags.limit)
  for (const thread of threads)
    await io.stdout.write(flags.json ? jsonLine(toJson(thread)) : threadLine(thread, io.clock.date()))
  if (threads.length === 0) await note(io, flags, 'the history is empty')
  return exitCode.complete
}

function toJson({ createdAt, updatedAt, ...thread }: Thread) {
  return { ...thread, created: new Date(createdAt).toISOString(), updated: new Date(updatedAt).toISOString() }
}

export const historyShow: Run<typeof showFlags> = async ({ flags, arguments: [given] }, io) => {
  const history = await open(flags, io)
  const thread = threadOf(history, given)
  const all = history.messages(thread.id)
  const path = pathOf(thread, all)
  if (flags.json) for (const record of flags.all ? all : path) await io.stdout.write(jsonLine(record))
  else if (flags.all) await io.stdout.write(treeText(all, path, io.stdout.columns?.() ?? 100))
  else await printMessages(thread, path, io)
  return exitCode.complete
}

/** As it was shown when it was written. */
async function printMessages({ title }: Thread, path: readonly MessageRecord[], io: Io): Promise<void> {
  await io.stdout.write(`${visibleLine(title)}\n`)
  for (const { message, answer } of path) {
    const partial = answer?.status === 'partial' ? `, partial: ${answer.reason ?? 'stopped'}` : ''
    await io.stdout.write(
      `\n--- ${message.role}${answer === undefined ? '' : ` (${visibleLine(answer.model + partial)})`} ---\n`,
    )
    const writer = answerWriterOf({ format: io.stdout.isTTY ? 'md' : 'text', isRaw: false }, io)
    const text = messageText(message)
    await writer.write(text)
    await writer.end()
    if (!io.stdout.isTTY && !text.endsWith('\n')) await io.stdout.write('\n')
  }
}

export const historySearch: Run<typeof searchFlags> = async ({ flags, arguments: words }, io) => {
  const query = words.join(' ').trim()
  if (query === '') throw usageError('the words to search for are missing')
  const [word = ''] = query.split(/\s+/)
  const found = (await open(flags, io)).search(query, flags.limit)
  for (const { thread, record } of found) {
    if (flags.json) await io.stdout.write(jsonLine({ thread: toJson(thread), message: record }))
    else await io.stdout.write(foundLine({ thread, record }, word, io.stdout.columns?.()))
  }
  // As grep has it.
  return found.length === 0 ? 1 : exitCode.complete
}

export const historyFork: Run<typeof forkFlags> = async ({ flags, arguments: [given] }, io) => {
  const history = await open(flags, io)
  const thread = threadOf(history, given)
  const path = pathOf(thread, history.messages(thread.id)).slice(0, flags['at-message'])
  if (path.length === 0) throw usageError('there is nothing to copy')
  const copy = createConversation({
    write: history.append,
    now: io.clock.date,
    title: flags.title ?? `${thread.title} (copy)`,
  })
  copy.add(...path.map(({ message, answer }): StoredMessage => (answer === undefined ? [message] : [message, answer])))
  await io.stdout.write(`${copy.id}\n`)
  return exitCode.complete
}

export const historyRename: Run<typeof renameFlags> = async ({ flags, arguments: [given, title] }, io) => {
  if (given === undefined || title === undefined)
    throw usageError('history rename takes a conversation and its new title')
  const history = await open(flags, io)
  history.append({
    type: 'thread',
    id: findThread(history, given).id,
    title,
    at: new Date(io.clock.date()).toISOString(),
  })
  return exitCode.complete
}

export const historyRm: Run<typeof rmFlags> = async ({ flags, arguments: names }, io) => {
  if (names.length === 0) throw usageError('the conversation to forget is missing', 'deltawire history ls lists them')
  const history = await open(flags, io)
  await forget(
    names.map((name) => findThread(history, name)),
    history,
    flags,
    io,
  )
  return exitCode.complete
}

export const historyPrune: Run<typeof pruneFlags> = async ({ flags }, io) => {
  const { 'older-than': olderThan, keep } = flags
  if (olderThan === undefined && keep === undefined) throw usageError('history prune needs --older-than or --keep')
  const history = await open(flags, io)
  const old = history
    .threads()
    .filter(
      ({ updatedAt }, at) => at >= (keep ?? 0) && (olderThan === undefined || io.clock.date() - updatedAt >= olderThan),
    )
  if (flags['dry-run']) for (const thread of old) await io.stdout.write(threadLine(thread, io.clock.date()))
  else if (old.length > 0) await forget(old, history, flags, io)
  return exitCode.complete
}

async function forget(
  threads: readonly Thread[],
  history: History,
  flags: { readonly quiet: boolean; readonly verbose: number; readonly yes: boolean },
  io: Io,
): Promise<void> {
  const [first] = threads
  const what = threads.length === 1 ? quote(first?.title ?? '') : `${threads.length} conversations`
  await confirm(`forget ${what} for good?`, flags.yes, io)
  history.remove(threads.map(({ id }) => id))
  await note(io, flags, `forgotten: ${what}`)
}

export const historyExport: Run<typeof exportFlags> = async ({ flags, arguments: [given] }, io) => {
  const history = await open(flags, io)
  if (flags.all) {
    for (const thread of history.threads().toReversed()) {
      await io.stdout.write(
        jsonLine({ type: 'thread', id: thread.id, title: thread.title, at: new Date(thread.createdAt).toISOString() }),
      )
      for (const record of history.messages(thread.id)) await io.stdout.write(jsonLine(record))
    }
    return exitCode.complete
  }
  const thread = threadOf(history, given)
  const messages = pathOf(thread, history.messages(thread.id))
  const text = exportForms[flags.format]({ id: thread.id, title: thread.title, messages })
  await io.stdout.write(io.stdout.isTTY ? visible(text) : text)
  return exitCode.complete
}

export const historyImport: Run<typeof importFlags> = async ({ flags, arguments: [file] }, io) => {
  const history = await open(flags, io)
  const records = flags.chatgpt === undefined ? await readExport(file, io) : await readChatgptStore(flags.chatgpt, io)
  history.append(...records)
  const count = records.filter(({ type }) => type === 'thread').length
  await note(io, flags, `added: ${count} ${count === 1 ? 'conversation' : 'conversations'}`)
  return exitCode.complete
}

export const historyPath: Run<typeof plainFlags> = async ({ flags }, io) => {
  await io.stdout.write(`${(await open(flags, io)).logPath}\n`)
  return exitCode.complete
}

export const historyStats: Run<typeof plainFlags> = async ({ flags }, io) => {
  const history = await open(flags, io)
  const threads = history.threads()
  const models = new Map<string, UsageTotal>()
  let messages = 0
  for (const { id } of threads) {
    for (const { answer } of history.messages(id)) {
      messages += 1
      if (answer === undefined) continue
      const total = models.get(answer.model) ?? createUsageTotal()
      models.set(answer.model, total)
      total.add(answer)
    }
  }
  await io.stdout.write(
    `${threads.length} ${threads.length === 1 ? 'conversation' : 'conversations'}, ${messages} messages\n`,
  )
  for (const [model, total] of models) await io.stdout.write(`${visibleLine(model)}: ${total.text()}\n`)
  return exitCode.complete
}

async function open(flags: ConfigFlags & { readonly 'data-dir'?: string | undefined }, io: Io): Promise<History> {
  const history = historyOf(flags, await loadSettings(flags, io), io)
  if (history === undefined)
    throw new CliError(
      exitCode.configuration,
      'there is no history: the environment names no home',
      '--data-dir names a folder for it',
    )
  return history
}

function threadOf(history: History, given: string | undefined): Thread {
  if (given !== undefined) return findThread(history, given)
  const [last] = history.threads(1)
  if (last === undefined) throw usageError('the history is empty')
  return last
}

function pathOf({ tip }: Thread, all: readonly MessageRecord[]): MessageRecord[] {
  // When nobody has answered yet, what was asked is all there is.
  return tip === null ? [...all] : pathTo(tip, new Map(all.map((record) => [record.id, record])))
}

function jsonLine(value: unknown): string {
  return `${visibleJson(JSON.stringify(value))}\n`
}
