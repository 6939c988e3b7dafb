import { flagGroup, type FlagValues } from '../arguments/command.ts'
import { on, text, whole } from '../arguments/value.ts'

/** Which conversation a prompt belongs to, and whether it is kept. */
export const conversationFlags = flagGroup({
  continue: {
    short: 'c',
    value: text('ID|TITLE'),
    implied: '',
    about: 'go on with the last conversation, or with that one',
  },
  fork: { value: text('ID|TITLE'), implied: '', about: 'the same in a copy of it' },
  'at-message': { value: whole('N', { min: 1 }), about: 'go on behind its message N: makes a branch' },
  title: { value: text('TITLE'), about: 'what the conversation is called' },
  'no-store': { value: on, about: 'keep nothing of it; $DELTAWIRE_NO_STORE does the same' },
  'data-dir': { value: text('FOLDER'), about: 'where the history is; $DELTAWIRE_DATA_DIR when not given' },
})

export type ConversationFlags = FlagValues<typeof conversationFlags>
