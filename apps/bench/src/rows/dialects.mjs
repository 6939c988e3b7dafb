import { handWrittenFold } from '../readers/hand-written.mjs'
import { ourFold } from '../readers/ours.mjs'
import { CUTS } from '../streams/cuts.mjs'
import { DIALECTS } from '../streams/dialects.mjs'
import { readsOfShape } from '../streams/reads.mjs'
import { responseOf } from '../streams/response.mjs'
import { BOUND, FOLD, ratioTo, reading } from './reading.mjs'

const row = (dialect) => ({
  about: dialect.about,
  unit: 'ns per chunk',
  load: { count: 4_000 },
  tiny: { count: 30 },
  rounds: 5,
  async candidates({ count }) {
    const reads = readsOfShape(dialect, count, CUTS['64k'].size)
    const expected = await handWrittenFold(responseOf(reads))
    return [reading(BOUND, reads, count, expected, handWrittenFold), reading(FOLD, reads, count, expected, ourFold)]
  },
  figures: [ratioTo(BOUND, FOLD)],
})

export const dialects = {
  title: 'Every provider',
  text: 'The same, to the completion, with the chunks of each provider (64 KB reads, 4,000 chunks, made up after its recordings). The hand-written loop reads the content alone, whatever else there is.',
  rows: Object.fromEntries(Object.entries(DIALECTS).map(([name, dialect]) => [`dialect-${name}`, row(dialect)])),
}
