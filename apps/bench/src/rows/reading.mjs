// Candidates that read a Response.
import { onlyRead } from '../readers/hand-written.mjs'
import { responseOf } from '../streams/response.mjs'

export const BOUND = 'JSON.parse loop'
export const FOLD = 'accumulate(readChunks(response))'
export const ITERATE = 'for await (… of readChunks(response))'
export const FLOOR = 'reading the Response and nothing else'

/** How many times as fast ours is. */
export const ratioTo = (of, ours, atLeast) => ({ kind: 'ratio', of, over: ours, say: `${of} / ours`, atLeast })

/** Reads the same bytes each time, and must find the same text. */
export const reading = (name, reads, units, expected, read) => ({
  name,
  units,
  async run() {
    const text = await read(responseOf(reads))
    // The ancestor trims.
    if (text !== expected && text.trim() !== expected.trim()) throw new Error(`${name} read another text`)
  },
})

export const floor = (reads, units) => ({ name: FLOOR, units, run: () => onlyRead(responseOf(reads)) })
