import type { Command } from '../arguments/command.ts'
import { ask } from './ask.command.ts'
import { chat } from './chat.command.ts'
import { compare } from './compare.command.ts'
import { config, configCheck, configEdit, configGet, configPath, configSet, configShow } from './config.command.ts'
import {
  history,
  historyExport,
  historyFork,
  historyImport,
  historyLs,
  historyPath,
  historyPrune,
  historyRename,
  historyRm,
  historySearch,
  historyShow,
  historyStats,
} from './history.command.ts'
import { keys, keysLs, keysRm, keysSet, keysTest } from './keys.command.ts'
import { models } from './models.command.ts'
import { template, templateEdit, templateLs, templateNew, templateRm, templateShow } from './template.command.ts'
import { bench } from './bench.command.ts'
import { completion } from './completion.command.ts'
import { convert } from './convert.command.ts'
import { diff } from './diff.command.ts'
import { doctor } from './doctor.command.ts'
import { help } from './help.command.ts'
import { lint } from './lint.command.ts'
import { merge } from './merge.command.ts'
import { mock } from './mock.command.ts'
import { playground } from './playground.command.ts'
import { record } from './record.command.ts'
import { relay } from './relay.command.ts'
import { relayCheck } from './relay-check.command.ts'
import { replay } from './replay.command.ts'
import { split } from './split.command.ts'
import { tail } from './tail.command.ts'
import { view } from './view.command.ts'

/**
 * The commands of `deltawire`, in the order of the help. Dispatch, help, checks, completions and the reference all follow
 * from this table.
 */
export const commands: readonly Command[] = [
  ask,
  chat,
  compare,
  models,
  history,
  historyLs,
  historyShow,
  historySearch,
  historyFork,
  historyRename,
  historyRm,
  historyPrune,
  historyExport,
  historyImport,
  historyPath,
  historyStats,
  template,
  templateLs,
  templateShow,
  templateNew,
  templateEdit,
  templateRm,

  merge,
  split,
  convert,
  lint,
  record,
  replay,
  diff,
  view,
  tail,

  mock,
  relay,
  relayCheck,
  playground,
  bench,
  doctor,

  config,
  configShow,
  configGet,
  configSet,
  configEdit,
  configPath,
  configCheck,
  keys,
  keysLs,
  keysSet,
  keysRm,
  keysTest,
  completion,
  help,
]
