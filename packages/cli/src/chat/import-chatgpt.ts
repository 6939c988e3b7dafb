import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import type { Io } from '../io.ts'
import { createId } from '../store/create-id.ts'
import type { HistoryRecord, MessageRecord } from '../store/record.ts'

/** A message as chatgpt@5 keeps it. */
interface OldMessage {
  readonly id: string
  readonly text: string
  readonly role: string
  readonly parentMessageId?: string
  readonly detail?: {
    readonly model?: unknown
    readonly created?: unknown
    readonly choices?: readonly { readonly finish_reason?: unknown }[]
  }
}

/**
 * The conversations of the `chatgpt` command: one JSON file, with the messages of every conversation under its name and a
 * hash of the key (`default:SHA256`), and a name with dots spread over nested objects.
 */
export async function readChatgptStore(
  given: string,
  { env, clock }: Pick<Io, 'clock' | 'env'>,
): Promise<HistoryRecord[]> {
  const path = given === '' ? usualPath(env) : given
  let store: unknown
  try {
    store = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw usageError(`cannot read ${quote(path)}: ${error instanceof Error ? error.message : ''}`)
  }
  return conversationsIn(store).flatMap(({ name, messages }) => toRecords(name, messages, clock.date()))
}

function usualPath(env: Io['env']): string {
  const home = env['HOME'] ?? env['USERPROFILE'] ?? ''
  if (process.platform === 'darwin') return join(home, 'Library', 'Preferences', 'chatgpt-nodejs', 'config.json')
  if (process.platform === 'win32') return join(env['APPDATA'] ?? home, 'chatgpt-nodejs', 'Config', 'config.json')
  return join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'chatgpt-nodejs', 'config.json')
}

/** Every object that looks like a conversation, wherever a dot in its name has put it. */
function conversationsIn(value: unknown, path: readonly string[] = []): { name: string; messages: OldMessage[] }[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  const own = Object.values(value).filter(isOldMessage)
  const name = path.join('.').replace(/:[0-9a-f]{64}$/, '')
  const inner = Object.entries(value).flatMap(([key, one]) =>
    isOldMessage(one) ? [] : conversationsIn(one, [...path, key]),
  )
  return own.length === 0 ? inner : [{ name, messages: own }, ...inner]
}

function isOldMessage(value: unknown): value is OldMessage {
  if (typeof value !== 'object' || value === null) return false
  const { id, text, role } = value as Record<string, unknown>
  return typeof id === 'string' && typeof text === 'string' && typeof role === 'string'
}

function toRecords(name: string, messages: readonly OldMessage[], now: number): HistoryRecord[] {
  const thread = createId()
  const ids = new Map(messages.map(({ id }) => [id, createId()]))
  const created = messages
    .map(({ detail }) => (typeof detail?.created === 'number' ? detail.created * 1000 : undefined))
    .filter((at) => at !== undefined)
  const at = new Date(created[0] ?? now).toISOString()
  return [
    { type: 'thread', id: thread, title: name === '' ? null : name, at },
    ...inOrder(messages).map((message) => toRecord(message, thread, ids, at)),
  ]
}

function toRecord(
  { id, text, role, parentMessageId, detail }: OldMessage,
  thread: string,
  ids: ReadonlyMap<string, string>,
  begun: string,
): MessageRecord {
  const at = typeof detail?.created === 'number' ? new Date(detail.created * 1000).toISOString() : begun
  const finish = detail?.choices?.[0]?.finish_reason
  const model = typeof detail?.model === 'string' ? detail.model : 'unknown'
  return {
    type: 'message',
    id: ids.get(id) ?? createId(),
    thread,
    parent: parentMessageId === undefined ? null : (ids.get(parentMessageId) ?? null),
    at,
    message: { role: role === 'assistant' || role === 'system' ? role : 'user', content: text },
    ...(role === 'assistant' && {
      answer: { model, status: 'complete', finish_reason: typeof finish === 'string' ? finish : null },
    }),
  }
}

/** A message behind the one that it answers; servers that give every answer the same id had them go round. */
function inOrder(messages: readonly OldMessage[]): OldMessage[] {
  const done = new Set<string>()
  const ordered: OldMessage[] = []
  let rest = [...messages]
  while (rest.length > 0) {
    const known = new Set(rest.map(({ id }) => id))
    const ready = rest.filter(
      ({ parentMessageId }) =>
        parentMessageId === undefined || done.has(parentMessageId) || !known.has(parentMessageId),
    )
    const next = ready.length > 0 ? ready : rest
    ordered.push(...next)
    for (const { id } of next) done.add(id)
    rest = rest.filter(({ id }) => !done.has(id))
  }
  return ordered
}
