import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { DEFAULT_LIMITS, type StreamErrorCode } from '../src/index.ts'

const paper = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8')

/** A code that is missing here does not compile. */
const codes: Record<StreamErrorCode, true> = {
  connect_failed: true,
  http_status: true,
  timeout: true,
  connection_lost: true,
  invalid_json: true,
  no_chunk: true,
  upstream_error: true,
  incomplete_stream: true,
  limit_exceeded: true,
}

it('has one heading for each error code, and no other', () => {
  expect(Array.from(paper.matchAll(/^### (.+)$/gm), ([, heading]) => heading)).toEqual(Object.keys(codes))
})

it('tells the defaults that are in force', () => {
  const rows = Array.from(paper.matchAll(/^\| `(max\w+)`\s*\| ([\d,]+)/gm), ([, name, value]) => [
    name,
    Number(value?.replaceAll(',', '')),
  ])
  expect(Object.fromEntries(rows)).toEqual(DEFAULT_LIMITS)
})
