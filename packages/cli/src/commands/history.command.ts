import { command, defineFlags } from '../arguments/command.ts'
import { duration, on, oneOf, text, whole } from '../arguments/value.ts'
import { configFlags } from '../config/config-flags.ts'

const dataDir = { value: text('FOLDER'), about: 'where the history is; $DELTAWIRE_DATA_DIR when not given' } as const
const common = { 'data-dir': dataDir, ...configFlags }
const yes = { short: 'y', value: on, about: 'without asking' } as const

export const lsFlags = defineFlags({
  limit: { value: whole('N', { min: 1 }), default: 20, about: 'how many' },
  json: { value: on, about: 'one JSON object per line' },
  ...common,
})
export const showFlags = defineFlags({
  all: { value: on, about: 'every message with its branches, not only the path to the last one' },
  json: { value: on, about: 'one message of JSON per line' },
  ...common,
})
export const searchFlags = defineFlags({
  limit: { value: whole('N', { min: 1 }), default: 20, about: 'how many' },
  json: { value: on, about: 'one JSON object per line' },
  ...common,
})
export const forkFlags = defineFlags({
  'at-message': { value: whole('N', { min: 1 }), about: 'only up to message N' },
  title: { value: text('TITLE'), about: 'what the copy is called' },
  ...common,
})
export const renameFlags = defineFlags(common)
export const rmFlags = defineFlags({ yes, ...common })
export const pruneFlags = defineFlags({
  'older-than': { value: duration('TIME'), about: 'since their last message, as in 720h' },
  keep: { value: whole('N', { min: 0 }), about: 'all but the newest N' },
  'dry-run': { value: on, about: 'only say which' },
  yes,
  ...common,
})
export const exportFlags = defineFlags({
  format: { value: oneOf('md', 'json', 'jsonl', 'html'), default: 'md', about: 'the form' },
  all: { value: on, about: 'every conversation, as lines that history import takes' },
  ...common,
})
export const importFlags = defineFlags({
  chatgpt: {
    value: text('FILE'),
    implied: '',
    about: 'the store of the chatgpt command (chatgpt@5); by default where that keeps it',
  },
  ...common,
})
export const plainFlags = defineFlags(common)

const load = async () => import('./history.ts')
const one = { placeholder: '[ID|TITLE]', max: 1, completes: 'nothing' } as const
export const history = command({
  name: 'history',
  section: 'answers',
  summary: 'conversations: list, search, continue, export, forget',
  arguments: { placeholder: '', max: 0 },
  flags: lsFlags,
  details: [
    'Every prompt and every answer is kept, partial ones too, in one file that is only added to. deltawire -c goes on with the last conversation, deltawire -c=ID with another; what is asked behind an older message makes a branch.',
    'ID is the beginning of one, or a title.',
  ],
  examples: [{ run: 'deltawire history', about: 'the newest first', needs: 'history' }],
  load: async () => (await load()).historyLs,
})

export const historyLs = command({
  name: 'history ls',
  section: 'answers',
  summary: 'the newest conversations',
  arguments: { placeholder: '', max: 0 },
  flags: lsFlags,
  examples: [{ run: 'deltawire history ls --json | head -n 1', about: 'for a program', needs: 'history' }],
  load: async () => (await load()).historyLs,
})

export const historyShow = command({
  name: 'history show',
  section: 'answers',
  summary: 'print a conversation; the last one without a name',
  arguments: one,
  flags: showFlags,
  examples: [{ run: 'deltawire history show Waves', about: 'by its title', needs: 'history' }],
  load: async () => (await load()).historyShow,
})

export const historySearch = command({
  name: 'history search',
  section: 'answers',
  summary: 'messages that hold all of the words, the newest first',
  arguments: { placeholder: 'WORD…', max: Infinity, completes: 'nothing' },
  flags: searchFlags,
  details: ['Exit code 1 when there are none, as grep has it.'],
  examples: [
    { run: 'deltawire history search wave', about: 'upper or lower case, with or without accents', needs: 'history' },
  ],
  load: async () => (await load()).historySearch,
})

export const historyFork = command({
  name: 'history fork',
  section: 'answers',
  summary: 'copy a conversation, and print the id of the copy',
  arguments: one,
  flags: forkFlags,
  examples: [{ run: 'deltawire history fork Waves --at-message 1', about: 'only its beginning', needs: 'history' }],
  load: async () => (await load()).historyFork,
})

export const historyRename = command({
  name: 'history rename',
  section: 'answers',
  summary: 'give a conversation a title',
  arguments: { placeholder: 'ID|TITLE NEW', max: 2, completes: 'nothing' },
  flags: renameFlags,
  examples: [
    { run: 'deltawire history rename Waves "The sea"; deltawire history ls', about: 'its id stays', needs: 'history' },
  ],
  load: async () => (await load()).historyRename,
})

export const historyRm = command({
  name: 'history rm',
  section: 'answers',
  summary: 'forget conversations, for good',
  arguments: { placeholder: 'ID|TITLE…', max: Infinity, completes: 'nothing' },
  flags: rmFlags,
  examples: [
    {
      run: 'deltawire history rm --yes Waves; deltawire history ls',
      about: 'their lines are overwritten',
      needs: 'history',
    },
  ],
  load: async () => (await load()).historyRm,
})

export const historyPrune = command({
  name: 'history prune',
  section: 'answers',
  summary: 'forget old conversations, for good',
  arguments: { placeholder: '', max: 0 },
  flags: pruneFlags,
  examples: [{ run: 'deltawire history prune --keep 1 --dry-run', about: 'what would go', needs: 'history' }],
  load: async () => (await load()).historyPrune,
})

export const historyExport = command({
  name: 'history export',
  section: 'answers',
  summary: 'print a conversation in another form; the last one without a name',
  arguments: one,
  flags: exportFlags,
  examples: [
    {
      run: 'deltawire history export Chunks --format jsonl',
      about: 'messages as a request takes them',
      needs: 'history',
    },
  ],
  load: async () => (await load()).historyExport,
})

export const historyImport = command({
  name: 'history import',
  section: 'answers',
  summary: 'add conversations from history export --all, or from the store of the chatgpt command',
  arguments: { placeholder: '[FILE]', max: 1 },
  flags: importFlags,
  details: ['FILE may be -, standard input.'],
  examples: [
    {
      run: 'deltawire history export --all > all.jsonl; deltawire history import all.jsonl; deltawire history',
      about: 'there and back',
      needs: 'history',
    },
  ],
  load: async () => (await load()).historyImport,
})

export const historyPath = command({
  name: 'history path',
  section: 'answers',
  summary: 'where the history is',
  arguments: { placeholder: '', max: 0 },
  flags: plainFlags,
  examples: [{ run: 'HOME=/home/me deltawire history path', about: 'by the environment' }],
  load: async () => (await load()).historyPath,
})

export const historyStats = command({
  name: 'history stats',
  section: 'answers',
  summary: 'how many conversations, tokens and cost, by model',
  arguments: { placeholder: '', max: 0 },
  flags: plainFlags,
  examples: [{ run: 'deltawire history stats', about: 'all of it', needs: 'history' }],
  load: async () => (await load()).historyStats,
})
