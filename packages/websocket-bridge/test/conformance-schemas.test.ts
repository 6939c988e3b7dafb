import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientFrameSchemas, type JsonSchema, serverFrameSchemas } from '../src/conformance/index.ts'
import { BadFrame, decodeClientFrame, decodeServerFrame } from '../src/protocol/decode-frame.ts'

const ajv = new Ajv2020({ strict: true, allErrors: false })

/** Values that are nearly right for some field. */
const value = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    'x',
    'live',
    'done',
    'continue',
    'e-1_',
    'e 1',
    'x'.repeat(65),
    'x'.repeat(300),
    true,
    null,
  ),
  fc.constantFrom<unknown>(0, 1, -1, 1.5, 1000, 1001, 2 ** 53, 2 ** 53 - 1),
  fc.constantFrom<unknown>(
    [],
    [{}],
    [1],
    {},
    { e: 'e1', o: 1 },
    { e: '', o: 1 },
    { e: 'e', o: -1 },
    { e: 'e', o: 1, z: 1 },
  ),
  fc.constantFrom<unknown>(
    { cancelAfterMs: 1 },
    { cancelAfterMs: 1, z: 1 },
    { code: 'c', message: 'm' },
    { code: 1, message: 'm' },
  ),
)

/** A frame of a kind, with any of the fields that it may have. */
function frameOf(t: string, schema: JsonSchema): fc.Arbitrary<object> {
  // Schemas of ours: an object with properties.
  const fields = Object.keys(schema['properties'] as object).filter((field) => field !== 't')
  const given = Object.fromEntries([...fields, 'unknown'].map((field) => [field, value]))
  return fc.record(given, { requiredKeys: [] }).map((some) => ({ t, ...some }))
}

function accepts(decode: (text: string) => unknown, frame: object): boolean {
  try {
    return decode(JSON.stringify(frame)) !== undefined
  } catch (reason) {
    if (reason instanceof BadFrame) return false
    throw reason
  }
}

describe.each([
  ['clients', clientFrameSchemas, decodeClientFrame],
  ['servers', serverFrameSchemas, decodeServerFrame],
] as const)('the JSON Schemas of the frames of %s', (_who, schemas, decode) => {
  it.each(Object.entries(schemas))('say of %s what the decoder says', (t, schema) => {
    const validate = ajv.compile(schema)
    fc.assert(
      fc.property(frameOf(t, schema), (frame) => {
        expect({ frame, isValid: validate(frame) }).toEqual({ frame, isValid: accepts(decode, frame) })
      }),
      { numRuns: 2000 },
    )
  })
})
