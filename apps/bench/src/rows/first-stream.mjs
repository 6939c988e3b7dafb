// What a program pays that reads one stream and ends: nothing is compiled yet.
import { startChild } from '../processes/child.mjs'
import { CUTS } from '../streams/cuts.mjs'
import { SHAPES } from '../streams/shapes.mjs'
import { BOUND, FOLD } from './reading.mjs'

const READERS = { [BOUND]: 'loop', [FOLD]: 'ours' }
const COUNTS = [100, 1_000, 10_000]

async function first(question) {
  const child = startChild('first.mjs')
  const answer = await child.ask(question)
  await child.end()
  return answer
}

function row(count) {
  return {
    about: `${SHAPES.text.about}, ${CUTS['16k'].about}, ${count.toLocaleString('en')} chunks`,
    unit: 'ns per chunk',
    load: { count },
    tiny: { count: 30 },
    rounds: 9,
    candidates(load) {
      const lengths = new Set()
      return Object.entries(READERS).map(([name, reader]) => ({
        name,
        async sample() {
          const { ns, length } = await first({ reader, shape: 'text', cut: '16k', count: load.count })
          if (lengths.add(length).size > 1) throw new Error(`${name} found another text`)
          return ns / load.count
        },
      }))
    },
    figures: [{ kind: 'ratio', of: BOUND, over: FOLD }],
  }
}

export const firstStream = {
  title: 'The first stream of a process',
  text: `\`${FOLD}\` against the same loop, each in a new process that has read one Response before and nothing else of either: what a command pays that ends after one answer. The other rows show a program that runs.`,
  rows: Object.fromEntries(
    COUNTS.map((count) => [`first-fold-${count >= 1000 ? `${count / 1000}k` : count}`, row(count)]),
  ),
}
