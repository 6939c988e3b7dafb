import { describe, expect, it } from 'vitest'
import { corpus, corpusMissing, corpusVariable, type Recording } from './corpus.ts'

/**
 * A group of tests over the recordings. Where they are not, the group is one skipped test, and one line says how to get
 * them. A folder that is named but not there fails the file: somebody meant to run these tests.
 */
export function describeRecordings(name: string, tests: (recordings: readonly Recording[]) => void): void {
  const recordings = corpus()
  describe(`recordings: ${name}`, () => {
    // Default reporters do not list what was skipped, let alone why.
    if (recordings === undefined) console.warn(`${name}: skipped. ${corpusMissing}`)
    it(`are in the folder that ${corpusVariable} names`, ({ skip }) => {
      skip(recordings === undefined, corpusMissing)
      expect(recordings?.length).toBeGreaterThan(0)
    })
    if (recordings !== undefined) tests(recordings)
  })
}
