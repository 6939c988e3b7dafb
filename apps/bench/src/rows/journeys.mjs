// From the bytes of a Response to the answer, and to every chunk: each shape, each cut, each length.
import { handWrittenFold, handWrittenIterate } from '../readers/hand-written.mjs'
import { ourFold, ourIterate } from '../readers/ours.mjs'
import { CUTS } from '../streams/cuts.mjs'
import { readsOfShape } from '../streams/reads.mjs'
import { responseOf } from '../streams/response.mjs'
import { SHAPES } from '../streams/shapes.mjs'
import { BOUND, floor, FOLD, ITERATE, ratioTo, reading } from './reading.mjs'

const MODES = {
  fold: { bound: handWrittenFold, ours: ourFold, name: FOLD, targets: { event: 4, '16k': 8, '64k': 8 } },
  iterate: { bound: handWrittenIterate, ours: ourIterate, name: ITERATE, targets: { event: 2, '16k': 3, '64k': 3 } },
}

/** The shapes that issues set targets for. */
const JUDGED = new Set(['text', 'tool'])

const LENGTHS = {
  '': { count: 10_000, rounds: 5 },
  '-1k': { count: 1_000, rounds: 5 },
  '-100k': { count: 100_000, rounds: 3 },
  '-1m': { count: 1_000_000, rounds: 3 },
}

function row(mode, shape, cut, length) {
  const { bound, ours, name, targets } = MODES[mode]
  const { count, rounds } = LENGTHS[length]
  return {
    about: `${SHAPES[shape].about}, ${CUTS[cut].about}, ${count.toLocaleString('en')} chunks`,
    unit: 'ns per chunk',
    // Seven bytes per read are fifty reads for one event.
    load: { count: cut === '7' ? 1_000 : count },
    tiny: { count: 30 },
    rounds,
    async candidates(load) {
      const reads = readsOfShape(SHAPES[shape], load.count, CUTS[cut].size)
      const expected = await bound(responseOf(reads))
      return [
        reading(BOUND, reads, load.count, expected, bound),
        reading(name, reads, load.count, expected, ours),
        floor(reads, load.count),
      ]
    },
    figures: [ratioTo(BOUND, name, JUDGED.has(shape) ? targets[cut] : undefined)],
  }
}

/** Every shape with every cut; text and tool arguments in every length too. */
function rowsOf(mode, lengths) {
  const rows = {}
  for (const shape of Object.keys(SHAPES))
    for (const cut of Object.keys(CUTS)) rows[`${mode}-${shape}-${cut}`] = row(mode, shape, cut, '')
  for (const shape of JUDGED)
    for (const length of lengths)
      for (const cut of ['event', '16k', '64k']) {
        const name = `${mode}-${shape}-${cut}${length}`
        rows[name] = row(mode, shape, cut, length)
      }
  return rows
}

export const folding = {
  title: 'Bytes of a Response to the completion',
  text: `\`${FOLD}\` against the fastest loop that anyone could write with \`JSON.parse\`: TextDecoder, \`indexOf\`, \`JSON.parse\`, append. The loop knows no other provider, no error and no limit, and keeps one text.`,
  rows: rowsOf('fold', ['-1k', '-100k', '-1m']),
}

export const iterating = {
  title: 'Bytes of a Response to every chunk',
  text: `\`${ITERATE}\`, complete chunk objects, against the same loop as an async generator.`,
  rows: rowsOf('iterate', []),
}
