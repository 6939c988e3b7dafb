import { accumulate, createAccumulator } from '@deltawire/core'
import { readChunks } from '@deltawire/node'
import { CUTS } from '../streams/cuts.mjs'
import { readsOfShape } from '../streams/reads.mjs'
import { responseOf } from '../streams/response.mjs'
import { SHAPES } from '../streams/shapes.mjs'

async function fold(response) {
  const { complete, error } = await accumulate(readChunks(response))
  if (!complete) throw new Error('the stream broke', { cause: error })
}

async function foldWithSnapshots(response) {
  const accumulator = createAccumulator()
  let last
  for await (const chunk of readChunks(response)) {
    accumulator.push(chunk)
    last = accumulator.snapshot()
  }
  if (last === undefined) throw new Error('the stream was empty')
}

const row = (shape, name, read) => ({
  about: `${shape.about}: ${name}`,
  unit: 'ns per chunk',
  load: { sizes: [1_000, 10_000, 100_000, 1_000_000] },
  tiny: { sizes: [30, 60] },
  rounds: 3,
  candidates: ({ sizes }) =>
    sizes.map((count) => {
      const reads = readsOfShape(shape, count, CUTS['64k'].size)
      return {
        name: `${name}, ${count.toLocaleString('en')} chunks`,
        of: name,
        units: count,
        run: () => read(responseOf(reads)),
      }
    }),
  figures: [
    { kind: 'exponent', of: name, atMost: 1.05 },
    { kind: 'last step', of: name },
  ],
})

const rowsOf = (prefix, name, read) =>
  Object.fromEntries(Object.entries(SHAPES).map(([key, shape]) => [`${prefix}-${key}`, row(shape, name, read)]))

export const growth = {
  title: 'Growth',
  text: 'How the whole cost grows from 1,000 to 1,000,000 chunks, 64 KB reads: the slope of a line through the logarithms, 1 is linear. Below 1, because a short stream pays for its opening too; so the slope between the last two sizes stands beside it.',
  rows: {
    ...rowsOf('growth', 'bytes to the completion', fold),
    ...rowsOf('snapshots', 'a snapshot after every chunk', foldWithSnapshots),
  },
}
