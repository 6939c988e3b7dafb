// A process that measures one row, so that no row is measured in what another one left behind.
import { ROWS } from '../rows/index.mjs'
import { runRow } from '../run-row.mjs'
import { answerQuestions } from './child.mjs'

answerQuestions(({ name, options }) => runRow(ROWS[name], ROWS[name].load, options))
