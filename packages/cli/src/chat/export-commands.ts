import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import type { Io } from '../io.ts'
import { visible } from '../render/visible.ts'
import { note } from '../report.ts'
import { messageText } from '../store/message-text.ts'
import { exportForms } from './export-thread.ts'
import type { Session } from './session.ts'
import { needed, type SlashCommand } from './slash-command.ts'

/** What takes an answer or the whole conversation out of a chat. */
export const exportCommands: Readonly<Record<string, SlashCommand>> = {
  '/copy': {
    about: 'the last answer to the clipboard',
    async run(_, { session, io }) {
      if (!io.stdout.isTTY) throw usageError('there is no terminal, so there is no clipboard')
      // OSC 52: the terminal's own clipboard, also through ssh. Ours, and only when it was asked for.
      await io.stdout.write(`\u001B]52;c;${Buffer.from(lastAnswer(session)).toString('base64')}\u0007`)
      await note(io, session.flags, 'copied, where the terminal allows it (OSC 52)')
    },
  },
  '/save': {
    argument: 'FILE',
    about: 'the last answer into a file',
    completes: 'files',
    async run(path, { session, io }) {
      await save(needed(path, 'FILE'), `${lastAnswer(session).trimEnd()}\n`, session, io)
    },
  },
  '/export': {
    argument: '[FILE]',
    about: 'the conversation as Markdown, or as .json, .jsonl or .html by the name of the file',
    completes: 'files',
    async run(path, { session, io }) {
      const { conversation } = session.opened
      const ending = /\.(html|json|jsonl)$/.exec(path)?.[1] as 'html' | 'json' | 'jsonl' | undefined
      const text = exportForms[ending ?? 'md']({
        id: conversation.id,
        title: conversation.title ?? 'Conversation',
        messages: conversation.path(),
      })
      if (path === '') await io.stdout.write(io.stdout.isTTY ? visible(text) : text)
      else await save(path, text, session, io)
    },
  },
}

function lastAnswer({ opened }: Session): string {
  const record = opened.conversation.path().findLast(({ message }) => message.role === 'assistant')
  if (record === undefined) throw usageError('nobody has answered yet')
  return messageText(record.message)
}

async function save(path: string, text: string, session: Session, io: Io): Promise<void> {
  try {
    // Never over a file of the user's: a name is typed quickly.
    await writeFile(resolve(io.cwd, path), text, { flag: 'wx' })
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    throw usageError(
      `cannot write ${quote(path)}: ${isThere ? 'it is there already' : error instanceof Error ? error.message : ''}`,
    )
  }
  await note(io, session.flags, `written to ${path}`)
}
