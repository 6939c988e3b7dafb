import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { visibleLine } from '../render/visible.ts'
import { note } from '../report.ts'
import { messageText } from '../store/message-text.ts'
import { lastPrompt } from './session.ts'
import { needed, type SlashCommand } from './slash-command.ts'
import { treeText } from './tree-text.ts'
import { createUsageTotal } from './usage-total.ts'

/** What a chat is told about its conversation: where it goes on in the tree, what it is called, what it took. */
export const conversationCommands: Readonly<Record<string, SlashCommand>> = {
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
      const total = createUsageTotal()
      for (const { answer } of opened.conversation.all()) if (answer !== undefined) total.add(answer)
      await io.stdout.write(`${total.text()}\n`)
    },
  },
}
