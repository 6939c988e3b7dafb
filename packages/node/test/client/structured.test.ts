import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { z } from 'zod'
import {
  type DeepPartial,
  runTools,
  type StandardSchema,
  streamStructured,
  type StructuredOptions,
} from '../../src/index.ts'
import { collect, done, event, eventsOf, question } from './byte-server.ts'

const jsonSchema = {
  type: 'object',
  properties: {
    city: { type: 'string' },
    sights: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } },
  },
  required: ['city', 'sights'],
}

interface Trip {
  city: string
  sights: { name: string }[]
}

const zodTrip = z.object({ city: z.string(), sights: z.array(z.object({ name: z.string() })) })
const libraries: [string, StandardSchema<unknown, Trip>, object][] = [
  ['zod', zodTrip, {}],
  ['arktype', type({ city: 'string', sights: type({ name: 'string' }).array() }), {}],
  ['valibot', v.object({ city: v.string(), sights: v.array(v.object({ name: v.string() })) }), { jsonSchema }],
]

const trip = { city: 'Paris', sights: [{ name: 'Louvre' }, { name: 'Seine' }] }

/** Asks a model that writes these pieces. */
function asking<const S extends StandardSchema>(
  schema: S,
  events: readonly string[],
  options: Partial<StructuredOptions<S>> = {},
) {
  const fetch = vi.fn(async (_url: unknown, _init?: RequestInit) => new Response(events.join('')))
  const answer = streamStructured(question, { schema, baseURL: 'http://chat.invalid', fetch, ...options })
  return { answer, body: () => JSON.parse(fetch.mock.calls[0]?.[1]?.body as string) as Record<string, unknown> }
}

const pieces = JSON.stringify(trip).match(/.{1,12}/g) ?? []

describe.for(libraries)('a schema of %s', ([, schema, options]) => {
  it('is sent, closed and strict', async () => {
    const { answer, body } = asking(schema, eventsOf('{}'), options)
    await answer.result()
    expect(body()['response_format']).toEqual({
      type: 'json_schema',
      json_schema: {
        name: 'answer',
        strict: true,
        schema: {
          ...jsonSchema,
          additionalProperties: false,
          properties: {
            city: { type: 'string' },
            sights: { type: 'array', items: { ...jsonSchema.properties.sights.items, additionalProperties: false } },
          },
        },
      },
    })
  })

  it('gives the value while it grows, and the valid value at the end', async () => {
    const { answer } = asking(schema, eventsOf(...pieces), options)
    const values = await collect(answer)
    expect(values[0]).toEqual({ city: 'Par' })
    expect(values.at(-1)).toEqual(trip)
    expect(await answer.result()).toMatchObject({ status: 'valid', value: trip, text: JSON.stringify(trip) })
  })

  it('gives its issues, and the answer all the same, when the answer does not follow it', async () => {
    const { answer } = asking(schema, eventsOf('{"city":1,"sights":[]}'), options)
    const result = await answer.result()
    expect(result).toMatchObject({ status: 'invalid', text: '{"city":1,"sights":[]}', error: null })
    const [issue] = result.status === 'invalid' ? result.issues : []
    expect([...(issue?.path ?? [])].map((part) => (typeof part === 'object' ? part.key : part))).toEqual(['city'])
  })
})

describe('an answer that follows a schema', () => {
  it('has the types of the schema', async () => {
    const schema = z.object({
      day: z.string().transform((text) => new Date(text)),
      tags: z.array(z.object({ name: z.string() })),
    })
    const { answer } = asking(schema, eventsOf('{"day":"2026-01-01","tags":[]}'), { jsonSchema: {} })
    for await (const partial of answer) {
      expectTypeOf(partial).toEqualTypeOf<{ day?: string; tags?: { name?: string }[] }>()
      expect(partial).toBeTypeOf('object')
    }
    const result = await answer.result()
    if (result.status !== 'valid') throw new Error('not valid')
    expectTypeOf(result.value).toEqualTypeOf<{ day: Date; tags: { name: string }[] }>()
    expect(result.value.day).toEqual(new Date('2026-01-01'))
    expectTypeOf<DeepPartial<{ a: [string | null] }>>().toEqualTypeOf<{ a?: (string | null)[] }>()
  })

  it('shares what has not changed between two partial values', async () => {
    const values = await collect(
      asking(zodTrip, eventsOf('{"city":"Paris","sights":[{"name":"A"},', '{"name":"B"}', ']}')).answer,
    )
    expect(values.length).toBeGreaterThan(1)
    expect(values.at(-1)?.sights?.[0]).toBe(values.at(-2)?.sights?.[0])
  })

  it.for([
    ['no JSON', eventsOf('Sorry, ', 'no.'), 'the answer is not JSON: Unexpected'],
    ['cut', [event({ content: '{"city":"P' }), event({}, 'length'), done], '(the answer was cut at the token limit)'],
    ['a refusal', [event({ refusal: 'I will not' }), event({}, 'stop'), done], 'the model refused: I will not'],
    ['broken', [event({ content: '{"city":"P' })], '[incomplete_stream]'],
  ] as const)('that is %s is invalid and tells why', async ([, events, message]) => {
    const result = await asking(zodTrip, events).answer.result()
    expect(result).toMatchObject({
      status: 'invalid',
      issues: [{ message: expect.stringContaining(message) as string }],
    })
    expect(result.completion).not.toBeNull()
  })

  it('that is broken throws for who iterates, as the stream does', async () => {
    await expect(collect(asking(zodTrip, [event({ content: '{"city":"P' })]).answer)).rejects.toMatchObject({
      code: 'incomplete_stream',
    })
  })
})

describe('the response format', () => {
  const formatOf = async (schema: StandardSchema, options: object = {}) => {
    const { answer, body } = asking(schema, eventsOf('{}'), options)
    await answer.result()
    return body()['response_format'] as {
      json_schema: { strict?: boolean; schema: object; name: string; description?: string }
    }
  }

  it('is not strict where OpenAI would refuse it', async () => {
    for (const schema of [
      z.object({ a: z.string().optional() }),
      z.record(z.string(), z.string()),
      z.array(z.string()),
      z.object({ a: z.looseObject({}) }),
    ])
      expect((await formatOf(schema)).json_schema).not.toHaveProperty('strict')
    expect(
      (await formatOf(z.object({ a: z.union([z.string(), z.object({ b: z.number() })]) }))).json_schema.strict,
    ).toBe(true)
  })

  it('is strict or not as the caller says', async () => {
    expect((await formatOf(zodTrip, { strict: false })).json_schema).not.toHaveProperty('strict')
    expect((await formatOf(z.object({ a: z.string().optional() }), { strict: true })).json_schema).toMatchObject({
      strict: true,
      schema: { additionalProperties: false },
    })
  })

  it('has the name and the description of the caller', async () => {
    expect((await formatOf(zodTrip, { name: 'trip', description: 'A trip' })).json_schema).toMatchObject({
      name: 'trip',
      description: 'A trip',
    })
  })

  it('of the request stands, for servers that know no schemas', async () => {
    const fetch = vi.fn(async (_url: unknown, _init?: RequestInit) => new Response(eventsOf(...pieces).join('')))
    const request = { ...question, response_format: { type: 'json_object' as const } }
    const answer = streamStructured(request, {
      schema: libraries[2]?.[1] as StandardSchema<unknown, Trip>,
      baseURL: 'http://chat.invalid',
      fetch,
    })
    expect(await answer.result()).toMatchObject({ status: 'valid', value: trip })
    expect(JSON.parse(fetch.mock.calls[0]?.[1]?.body as string)).toMatchObject({
      response_format: { type: 'json_object' },
    })
  })

  it('needs a JSON Schema, and says how to give one', () => {
    expect(() => asking(v.object({}), [])).toThrow(
      'a schema of valibot makes no JSON Schema: give one, as in { jsonSchema: toJsonSchema(schema) }',
    )
    expect(() => asking(z.object({ a: z.bigint() }), [])).toThrow('this schema of zod has no JSON Schema')
  })

  it.for([undefined, { type: 'object', properties: {} }])('is no JSON Schema alone, as %j', (schema) => {
    const request = { model: 'demo', messages: [] }
    const words = `must be one of zod, valibot, arktype or another library of Standard Schema, as in`
    expect(() => streamStructured(request, { schema: schema as never })).toThrow(
      `schema ${words} { schema: z.object({ city: z.string() }) }`,
    )
    const tools = { weather: { parameters: schema as never, run: () => 'rain' } }
    expect(() => runTools(request, { tools })).toThrow(
      `the parameters of weather ${words} { parameters: z.object({ city: z.string() }) }`,
    )
  })
})
