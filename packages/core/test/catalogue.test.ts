import { expect, it } from 'vitest'
import { createDecoder } from '../src/decode/decoder.ts'
import { explain } from '../src/normalize/catalogue.ts'
import { rawChunk } from './raw.ts'

it('a warning is said in a sentence', () => {
  const decoder = createDecoder({ lenient: true })
  for (const data of ['{unparsable}', JSON.stringify(rawChunk({ content: 7 }, 'stop'))]) decoder.push({ data })
  expect(decoder.warnings.map(explain).toSorted()).toEqual([
    'an event was not JSON: "{unparsable}"',
    'content, refusal or reasoning was no text; it is kept as text',
  ])
})
