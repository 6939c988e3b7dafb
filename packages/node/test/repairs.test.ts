import { accumulate } from '@deltawire/core'
import { repairs } from '@deltawire/core/repairs'
import { bytesOf, type Case, cases } from '@deltawire/testkit'
import { describe, expect, it } from 'vitest'
import { readChunks } from '../src/index.ts'

const notes = Object.entries(repairs)
const byNumber = new Map(cases.map((example) => [example.name.slice(0, 3), example]))

async function repairsOf({ sse, options }: Case): Promise<Set<string>> {
  const heard = new Set<string>()
  await accumulate(readChunks([bytesOf(sse)], { ...options, onRepair: (repair) => heard.add(repair) }))
  return heard
}

describe('the catalogue of repairs', () => {
  it.each(notes)('says of %s what is odd, and where it was reported', (name, { about, source }) => {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(about).toMatch(/^[^\s].{15,}[^.\s]$/)
    expect(new URL(source).protocol).toBe('https:')
  })

  it.each(notes.flatMap(([name, note]) => note.cases.map((number) => [name, number] as const)))(
    '%s is made in case %s',
    async (name, number) => {
      const example = byNumber.get(number)
      if (example === undefined) throw new Error(`There is no case ${number}`)
      expect(await repairsOf(example)).toContain(name)
    },
  )

  it('knows a case of every repair', () => {
    expect(notes.filter(([, { cases: numbers }]) => numbers.length === 0).map(([name]) => name)).toEqual([])
  })
})

it('a case of official behaviour needs none but what is official and no part of an answer', async () => {
  const official = cases.filter(({ category }) => category.startsWith('A.'))
  expect(official.length).toBeGreaterThan(10)
  const made = new Set<string>()
  for (const example of official) for (const name of await repairsOf(example)) made.add(name)
  expect([...made].toSorted()).toEqual(['audio-end-without-finish-reason', 'audio-padded', 'obfuscation'])
})
