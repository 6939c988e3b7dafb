import { closest } from '../arguments/closest.ts'
import { widthOf } from '../arguments/help-text.ts'
import { usageError } from '../arguments/usage-error.ts'
import type { Io } from '../io.ts'
import { visible, visibleLine } from '../render/visible.ts'
import { twoColumns } from '../render/wrap.ts'
import { note } from '../report.ts'
import { conversationCommands } from './conversation-commands.ts'
import { editText } from './edit-text.ts'
import { exportCommands } from './export-commands.ts'
import { readAttachments, readTextFiles } from './file-input.ts'
import { listModels } from './list-models.ts'
import { jsonOr } from './prompt-flags.ts'
import { unknownCommand } from './session.ts'
import { needed, type SlashCommand, type SlashContext } from './slash-command.ts'

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
  ...conversationCommands,
  ...exportCommands,
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
      const list = lines.join('') || 'none; --tool COMMAND adds one\n'
      await io.stdout.write(io.stdout.isTTY ? visible(list) : list)
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
