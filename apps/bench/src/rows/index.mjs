// Everything that is measured, in the order of the report.
import { dialects } from './dialects.mjs'
import { growth } from './growth.mjs'
import { http } from './http.mjs'
import { firstStream } from './first-stream.mjs'
import { folding, iterating } from './journeys.mjs'
import { json } from './json.mjs'
import { libraries } from './libraries.mjs'
import { memory } from './memory.mjs'
import { recordings } from './recordings.mjs'
import { toolInput } from './tool-input.mjs'

/**
 * One comparison. `candidates` may leave something to be ended to `defer`; `needs` says what is missing to measure it.
 *
 * @typedef {object} Row
 * @property {string} about
 * @property {string} unit of its candidates
 * @property {object} load its sizes
 * @property {object} tiny sizes that only show that it runs
 * @property {number} rounds
 * @property {(load: object, defer: (end: () => unknown) => void) => import('../measure.mjs').Candidate[] | Promise<import('../measure.mjs').Candidate[]>} candidates
 * @property {import('../figures.mjs').Figure[] | ((load: object) => import('../figures.mjs').Figure[])} figures
 * @property {() => string | undefined} [needs]
 */

/** @type {{ title: string, text: string, rows: Record<string, Row> }[]} */
export const SUBJECTS = [
  folding,
  iterating,
  firstStream,
  libraries,
  dialects,
  recordings,
  growth,
  json,
  toolInput,
  memory,
  http,
]

/** @type {Record<string, Row>} */
export const ROWS = Object.assign({}, ...SUBJECTS.map(({ rows }) => rows))
