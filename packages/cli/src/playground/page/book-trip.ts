import { createToolbox, defineTool } from '@deltawire/browser/tools'

/** What the playground's model calls. Nothing is booked: what counts is that its arguments can be seen as they come. */
interface Trip {
  city: string
  nights: number
  guests: { name: string; diet: string }[]
  sights: string[]
  budget: { currency: string; most: number }
  note: string
}

/** By hand, so that the page needs no schema library. Any Standard Schema does. */
const trip = {
  '~standard': {
    version: 1 as const,
    vendor: 'playground',
    validate: (value: unknown) =>
      typeof value === 'object' && value !== null && 'city' in value
        ? // The model's script is our own.
          { value: value as Trip }
        : { issues: [{ message: 'expected a trip with a city' }] },
    types: undefined as unknown as { input: Trip; output: Trip },
  },
}

export const tools = createToolbox({
  book_trip: defineTool({
    description: 'Books a trip.',
    parameters: trip,
    jsonSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  }),
})

export type Tools = typeof tools extends { readonly types?: infer T } ? T : never
