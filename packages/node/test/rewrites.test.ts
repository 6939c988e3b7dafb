import { accumulate } from '@deltawire/core'
import { bytesOf, type Case, cases, cutRandomly, iterableOf, rewrites, variants } from '@deltawire/testkit'
import { describe, expect, it } from 'vitest'
import { readChunks } from '../src/index.ts'
import { reportOf, reportWanted } from './case-report.ts'

const all = [...cases, ...variants]

async function reportsOf(example: Case) {
  const bytes = bytesOf(example.sse)
  const reports = []
  for (const pieces of [[bytes], cutRandomly(bytes, bytes.length)]) {
    reports.push(reportOf(await accumulate(readChunks(iterableOf(pieces), example.options)), example))
  }
  return reports
}

describe.each(Object.entries(rewrites))('a stream written %s', (_way, rewrite) => {
  const rewritten = all.map(rewrite).filter((example) => example !== undefined)

  it('is most streams', () => {
    expect(rewritten.length).toBeGreaterThan(250)
  })

  it('means the same', { timeout: 60_000 }, async () => {
    for (const example of rewritten) {
      const wanted = { name: example.name, ...reportWanted(example) }
      for (const report of await reportsOf(example)) expect({ name: example.name, ...report }).toEqual(wanted)
    }
  })
})
