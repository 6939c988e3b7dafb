// Real streams, from the folder that DELTAWIRE_CORPUS names: manifest.json lists { file, provider }.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { accumulate } from '@deltawire/core'
import { readChunks } from '@deltawire/node'
import { countEvents } from '../readers/recording.mjs'
import { responseOf } from '../streams/response.mjs'

const folder = () => process.env.DELTAWIRE_CORPUS

/** The most recorded providers, and from how many events on a stream counts for the share: the first ones teach. */
const FIRST_TEN = 10
const LONG = 50

function providers() {
  const byProvider = new Map()
  for (const { file, provider } of JSON.parse(readFileSync(join(folder(), 'manifest.json'), 'utf8')))
    byProvider.set(provider, [...(byProvider.get(provider) ?? []), readFileSync(join(folder(), file))])
  return [...byProvider].sort(([, a], [, b]) => b.length - a.length)
}

const needs = () => (folder() ? undefined : 'DELTAWIRE_CORPUS must name the folder with the recordings')
const listed = () => (folder() ? providers() : [])

const readAll = (recordings, options) => async () => {
  for (const bytes of recordings) await accumulate(readChunks(responseOf([bytes]), options))
}

const eventsIn = (recordings) => recordings.reduce((sum, bytes) => sum + Math.max(1, countEvents(bytes).all), 0)

function share(recordings, atLeast) {
  const counts = recordings.map(countEvents).filter(({ all }) => all >= atLeast)
  const sum = (name) => counts.reduce((total, count) => total + count[name], 0)
  return sum('all') === 0 ? undefined : 100 * (1 - sum('slow') / sum('all'))
}

const fast = (name) => `${name}, fast way`
const slow = (name) => `${name}, slow way`

export const recordings = {
  title: 'Real recordings',
  text: `From \`DELTAWIRE_CORPUS\`, whole recordings of each provider in one read each: with template decoding and without it, and which share of the events with content takes the fast way. The first events of each stream teach, so the share of long recordings (${LONG} such events or more) stands beside that of all.`,
  rows: {
    recordings: {
      about: 'the fast way against the slow one',
      unit: 'ns per event with content',
      load: { most: Infinity },
      tiny: { most: 1 },
      rounds: 5,
      needs,
      candidates: ({ most }) =>
        providers()
          .slice(0, most)
          .flatMap(([name, list]) => [
            { name: slow(name), units: eventsIn(list), run: readAll(list, { onRepair() {} }) },
            { name: fast(name), units: eventsIn(list), run: readAll(list) },
          ]),
      figures: ({ most }) =>
        listed()
          .slice(0, most)
          .map(([name]) => ({ kind: 'ratio', say: name, of: slow(name), over: fast(name), atLeast: 1 })),
    },
    'recordings-share': {
      about: 'the share of events with content that takes the fast way',
      unit: '%',
      load: { most: Infinity },
      tiny: { most: 1 },
      rounds: 1,
      needs,
      candidates: ({ most }) =>
        providers()
          .slice(0, most)
          .flatMap(([name, list]) =>
            [
              { name, value: share(list, 1) },
              { name: `${name}, long recordings`, value: share(list, LONG) },
            ]
              .filter(({ value }) => value !== undefined)
              .map(({ name: say, value }) => ({ name: say, sample: async () => value })),
          ),
      figures: ({ most }) =>
        listed()
          .slice(0, Math.min(FIRST_TEN, most))
          .map(([name]) => ({ kind: 'value', of: name, unit: ' %', atLeast: 90 })),
    },
  },
}
