import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { closest } from '../arguments/closest.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { widthOf } from '../arguments/help-text.ts'
import type { Io } from '../io.ts'
import { visibleLine } from '../render/visible.ts'
import { twoColumns } from '../render/wrap.ts'
import { note } from '../report.ts'
import { messageText } from '../store/message-text.ts'
import { editText } from './edit-text.ts'
import { exportForms } from './export-thread.ts'
import { readAttachments, readTextFiles } from './file-input.ts'
import { listModels } from './list-models.ts'
import { jsonOr } from './prompt-flags.ts'
import { lastPrompt, unknownCommand, type Session } from './session.ts'
import { treeText } from './tree-text.ts'

export interface SlashContext {
  readonly session: Session
  readonly io: Io
  /** Aborted when the user stops an answer. */
  readonly signal: AbortSignal
}

interface SlashCommand {
  readonly argument?: string
  readonly about: string
  /** What its argument can be, for the Tab key. */
  readonly completes?: 'files' | 'models'
  /** Resolves to `quit` to leave, or to the exit code of an answer. */
  readonly run: (argument: string, context: SlashContext) => Promise<number | 'quit' | void>
}

/** Every command of a chat, in the order of `/help`. */
export const slashCommands: Readonly<Record<string, SlashCommand>> = {
  '/model': {
    argument: '[NAME]',
    about: 'ask another model; without a name, lists them',
    completes: 'models',
    async run(name, { session, io }) {
      if (name !== '') return session.change({ model: name })
      const models = await listModels(session.asker, io)
      await io.stdout.write(
        models.map((model) => `${model === session.asker.model ? '*' : ' '} ${visibleLine(model)}\n`).join(''),
      )
    },
  },
  '/system': {
    argument: '[TEXT]',
    about: 'the system message from here on; without a text, shows it',
    async run(text, { session, io }) {
      if (text !== '') return session.change({ system: text })
      await io.stdout.write(
        `${visibleLine(session.flags.system ?? session.asker.settings.text('system') ?? 'there is none')}\n`,
      )
    },
  },
  '/file': {
    argument: 'PATH',
    about: 'a text that goes with the next prompt',
    completes: 'files',
    async run(path, { session, io }) {
      // Now, and not with the prompt: then it would be gone.
      await readTextFiles([needed(path, 'PATH')], withoutInput(io))
      session.pending.file.push(path)
      await note(io, session.flags, `${path} goes with the next prompt`)
    },
  },
  '/attach': {
    argument: 'PATH',
    about: 'a picture, a sound or a PDF that goes with the next prompt',
    completes: 'files',
    async run(path, { session, io }) {
      await readAttachments([{ name: needed(path, 'PATH') }], withoutInput(io))
      session.pending.attach.push(path)
      await note(io, session.flags, `${path} goes with the next prompt`)
    },
  },
  '/edit': {
    about: 'write a prompt in $EDITOR; beginning with the last one after /undo',
    async run(text, { session, io, signal }) {
      const edited = await editText(text, io)
      return edited.trim() === '' ? undefined : session.send(edited, signal)
    },
  },
  '/retry': { about: 'ask the last prompt again, in a branch', run: (_, { session, signal }) => session.retry(signal) },
  '/undo': {
    about: 'go back before the last prompt; it stays in the tree',
    async run(_, { session, io }) {
      const { conversation } = session.opened
      const asked = lastPrompt(conversation.path())
      if (asked === undefined) throw usageError('there is nothing to undo')
      conversation.goTo(asked.parent)
      await note(io, session.flags, `back before ${quote(messageText(asked.message))}`)
    },
  },
  '/fork': {
    about: 'go on in a copy of this conversation',
    async run(_, { session, io }) {
      const { id } = session.opened.conversation
      if (session.opened.draftFolder === undefined)
        throw usageError('this conversation is not kept, so there is nothing to copy')
      session.restart({ fork: id })
      await note(io, session.flags, `this is ${session.opened.conversation.id} now`)
    },
  },
  '/tree': {
    about: 'all messages with their numbers, * on the path that is being continued',
    async run(_, { session: { opened }, io }) {
      await io.stdout.write(
        treeText(opened.conversation.all(), opened.conversation.path(), io.stdout.columns?.() ?? 80),
      )
    },
  },
  '/goto': {
    argument: 'N',
    about: 'go on behind message N of /tree',
    async run(number, { session: { opened, flags }, io }) {
      const record = opened.conversation.all()[Number(needed(number, 'N')) - 1]
      if (record === undefined) throw usageError(`there is no message ${quote(number)}`, '/tree lists them')
      opened.conversation.goTo(record.id)
      await note(io, flags, `going on behind ${quote(messageText(record.message))}`)
    },
  },
  '/title': {
    argument: '[TITLE]',
    about: 'what the conversation is called',
    async run(title, { session: { opened, flags }, io }) {
      if (title !== '') {
        opened.conversation.rename(title)
        return note(io, flags, `it is called ${title} now`)
      }
      await io.stdout.write(`${visibleLine(opened.conversation.title ?? 'it has none')}\n`)
    },
  },
  '/usage': {
    about: 'tokens and cost of this conversation',
    async run(_, { session: { opened }, io }) {
      await io.stdout.write(`${usageOfAll(opened.conversation.all())}\n`)
    },
  },
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
      if (path === '') await io.stdout.write(visibleText(text, io))
      else await save(path, text, session, io)
    },
  },
  '/set': {
    argument: '[NAME=VALUE]',
    about: 'a field of the requests from here on, as in temperature=0.2; without one, shows them',
    async run(setting, { session, io }) {
      if (setting === '') {
        await io.stdout.write(
          `${JSON.stringify({ ...session.asker.options, ...Object.fromEntries(session.flags.option) })}\n`,
        )
        return
      }
      const [, name = '', value = ''] = /^(\w+)=([\s\S]*)$/.exec(setting) ?? []
      if (name === '') throw usageError('/set takes NAME=VALUE, as in temperature=0.2')
      await session.change({ option: [...session.flags.option, [name, jsonOr(value)]] })
    },
  },
  '/clear': {
    about: 'begin another conversation',
    async run(_, { session, io }) {
      session.restart({})
      await note(io, session.flags, 'this is a new conversation')
    },
  },
  '/raw': {
    about: 'answers as the text that they are, or as Markdown again',
    async run(_, { session, io }) {
      const format = session.flags.format === 'text' ? 'md' : 'text'
      await session.change({ format })
      await note(
        io,
        session.flags,
        format === 'text' ? 'answers are shown as they are' : 'answers are shown as Markdown',
      )
    },
  },
  '/reasoning': {
    argument: '[hide|show|only]',
    about: 'the thoughts of the model',
    async run(given, { session, io }) {
      const wanted = (['hide', 'show', 'only'] as const).find(
        (one) => one === (given || (session.flags.reasoning === 'hide' ? 'show' : 'hide')),
      )
      if (wanted === undefined) throw usageError('/reasoning takes hide, show or only')
      await session.change({ reasoning: wanted })
      await note(io, session.flags, `thoughts: ${wanted}`)
    },
  },
  '/record': {
    about: 'keep streams as recordings from here on, or no longer',
    async run(_, { session, io }) {
      const record = session.flags.record === undefined ? '' : undefined
      await session.change({ record })
      await note(
        io,
        session.flags,
        record === undefined ? 'streams are no longer recorded' : 'streams are recorded beside the history',
      )
    },
  },
  '/tools': {
    about: 'the tools that the model may call',
    async run(_, { session: { tools }, io }) {
      const lines = tools.map(({ definition, command }) => `${definition.name}: ${definition.description ?? command}\n`)
      await io.stdout.write(
        lines.length === 0 ? 'none; --tool COMMAND adds one\n' : lines.map((line) => visibleText(line, io)).join(''),
      )
    },
  },
  '/help': {
    about: 'this text',
    async run(_, { io }) {
      const rows = Object.entries(slashCommands).map(
        ([name, { argument, about }]) => [argument === undefined ? name : `${name} ${argument}`, about] as const,
      )
      const lines = twoColumns([...rows, ...keys], widthOf(io.stdout.columns?.()))
      await io.stdout.write(`${lines.join('\n')}\n`)
    },
  },
  '/quit': { about: 'leave', run: async () => 'quit' },
}

const keys = [
  ['Alt-Enter, \\ Enter', 'a new line'],
  ['Ctrl-C', 'stops an answer and keeps what has arrived; twice at an empty prompt leaves'],
  ['Ctrl-R', 'the last line that holds what is typed'],
  ['Ctrl-Z', 'stops deltawire; fg goes on with it'],
  ['Ctrl-D', 'leaves'],
] as const

/** Runs a line that begins with a slash. */
export async function runSlashCommand(line: string, context: SlashContext): Promise<number | 'quit' | void> {
  const [, word = '', argument = ''] = /^(\S+)\s*([\s\S]*?)\s*$/.exec(line) ?? []
  const entry = Object.hasOwn(slashCommands, word) ? slashCommands[word] : undefined
  if (entry === undefined) throw unknownCommand(word, closest(word, Object.keys(slashCommands)))
  return entry.run(argument, context)
}

/** The keys of a session are for its prompts. */
function withoutInput(io: Io): Io {
  return { ...io, stdin: { isTTY: true, async *[Symbol.asyncIterator]() {} } }
}

function needed(argument: string, name: string): string {
  if (argument === '') throw usageError(`${name} is missing`, '/help shows what a command takes')
  return argument
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

function visibleText(text: string, { stdout }: Io): string {
  return stdout.isTTY ? text.split('\n').map(visibleLine).join('\n') : text
}

function usageOfAll(records: ReturnType<Session['opened']['conversation']['all']>): string {
  const answers = records.flatMap(({ answer }) => (answer === undefined ? [] : [answer]))
  const sum = (of: (answer: (typeof answers)[number]) => number | undefined) =>
    answers.reduce((total, answer) => total + (of(answer) ?? 0), 0)
  const cost = sum((answer) => answer.cost)
  const isEstimated = answers.some(({ usage }) => usage !== undefined && 'estimated' in usage)
  const about = isEstimated ? '~' : ''
  return [
    `${answers.length} ${answers.length === 1 ? 'answer' : 'answers'}`,
    `${about}${sum(({ usage }) => usage?.prompt_tokens)} in`,
    `${about}${sum(({ usage }) => usage?.completion_tokens)} out`,
    ...(cost > 0 ? [`${about}$${cost.toFixed(4)}`] : []),
  ].join(' · ')
}
