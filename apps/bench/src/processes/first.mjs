// A process that reads one stream, the first of its life, and says what that cost.
import { handWrittenFold, onlyRead } from '../readers/hand-written.mjs'
import { ourFold } from '../readers/ours.mjs'
import { CUTS } from '../streams/cuts.mjs'
import { readsOfShape } from '../streams/reads.mjs'
import { responseOf } from '../streams/response.mjs'
import { SHAPES } from '../streams/shapes.mjs'
import { answerQuestions } from './child.mjs'

const READERS = { ours: ourFold, loop: handWrittenFold }

answerQuestions(async ({ reader, shape, cut, count }) => {
  const reads = readsOfShape(SHAPES[shape], count, CUTS[cut].size)
  // What Node.js loads for its first Response is nobody's.
  await onlyRead(responseOf(reads))
  const before = process.cpuUsage()
  const text = await READERS[reader](responseOf(reads))
  const { user, system } = process.cpuUsage(before)
  return { ns: (user + system) * 1000, length: text.length }
})
