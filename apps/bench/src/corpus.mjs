// pnpm --filter @deltawire/bench corpus: which share of the events of real recordings takes the fast way, per provider.
// The recordings are in the folder that DELTAWIRE_CORPUS names.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createByteDecoder } from '@deltawire/core/bytes'
import { createParser } from 'eventsource-parser'

const folder = process.env.DELTAWIRE_CORPUS
if (!folder) {
  console.error('DELTAWIRE_CORPUS must name the folder with the recordings')
  process.exit(2)
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
let parsed = 0
const platform = {
  createSseParser(emit) {
    const parser = createParser({
      onEvent(event) {
        parsed++
        emit(event)
      },
    })
    return { push: (text) => parser.feed(text.replaceAll(/\r\n?/g, '\n')), end: () => parser.feed('\n\n') }
  },
  createTextDecoder: () => new TextDecoder(),
  decodeRange: (bytes, from, to) => utf8.decode(bytes.subarray(from, to)),
}

/** How many events the parser sees. */
function parsedEvents(bytes, options) {
  parsed = 0
  const decoder = createByteDecoder(platform, options, true)
  decoder.push(bytes)
  decoder.end()
  return parsed
}

const providers = new Map()
for (const { file, provider } of JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))) {
  const bytes = readFileSync(join(folder, file))
  const row = providers.get(provider) ?? { recordings: 0, events: 0, slow: 0, long: 0, longSlow: 0 }
  // What looks back at all the text so far has no fast way.
  const events = parsedEvents(bytes, { cumulative: true })
  const slow = parsedEvents(bytes, {})
  row.recordings++
  row.events += events
  row.slow += slow
  if (events >= 50) {
    row.long += events
    row.longSlow += slow
  }
  providers.set(provider, row)
}

const share = (events, slow) => (events === 0 ? '–' : `${(100 * (1 - slow / events)).toFixed(1)} %`)
console.log(
  '| provider | recordings | events | fast | fast, of recordings with 50 events or more |\n| --- | --: | --: | --: | --: |',
)
for (const [provider, { recordings, events, slow, long, longSlow }] of [...providers].sort(
  ([, a], [, b]) => b.recordings - a.recordings,
))
  console.log(`| ${provider} | ${recordings} | ${events} | ${share(events, slow)} | ${share(long, longSlow)} |`)
