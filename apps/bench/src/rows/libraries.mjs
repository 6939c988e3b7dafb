import { handWrittenFold } from '../readers/hand-written.mjs'
import { LIBRARIES } from '../readers/libraries.mjs'
import { ourFold } from '../readers/ours.mjs'
import { CUTS } from '../streams/cuts.mjs'
import { readsOfShape } from '../streams/reads.mjs'
import { responseOf } from '../streams/response.mjs'
import { SHAPES } from '../streams/shapes.mjs'
import { BOUND, FOLD, ratioTo, reading } from './reading.mjs'

const TARGETS = {
  'openai ChatCompletionStream': { '64k': 40, event: 18 },
  'AI SDK streamText': { '64k': 120, event: 45 },
  'LangChain.js stream and concat': { '64k': 60, event: 25 },
  'chatgpt@5.2.5 sendMessage': { '64k': 500, event: 20 },
}

/** What takes seconds for one run. */
const ONCE = { 'chatgpt@5.2.5 sendMessage': { '64k': 1 } }

const row = (cut) => ({
  about: `text, ${CUTS[cut].about}, 10,000 chunks`,
  unit: 'ns per chunk',
  load: { count: 10_000 },
  tiny: { count: 30 },
  rounds: 5,
  async candidates({ count }) {
    const reads = readsOfShape(SHAPES.text, count, CUTS[cut].size)
    const expected = await handWrittenFold(responseOf(reads))
    const candidate = (name, read) => reading(name, reads, count, expected, read)
    const candidates = [candidate(FOLD, ourFold), candidate(BOUND, handWrittenFold)]
    for (const [name, load] of Object.entries(LIBRARIES))
      candidates.push({ ...candidate(name, await load()), rounds: ONCE[name]?.[cut] })
    return candidates
  },
  figures: [BOUND, ...Object.keys(LIBRARIES)].map((of) => ratioTo(of, FOLD, TARGETS[of]?.[cut])),
})

export const libraries = {
  title: 'Against other libraries',
  text: 'The same bytes to the same text, each in the way its manual shows. Of `chatgpt` only the reading is measured: its tokenizer, which costs more than all the rest, is taken out.',
  rows: { 'libraries-64k': row('64k'), 'libraries-event': row('event') },
}
