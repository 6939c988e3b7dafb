// pnpm bench              measures every row and writes docs/benchmarks-node<version>.md
// pnpm bench fold-growth  measures one row and prints it
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { exponent, interleaved } from './measure.mjs'
import { rows } from './rows.mjs'

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in rows))
if (unknown.length > 0) {
  console.error(`no row is called ${unknown.join(', ')}; there are ${Object.keys(rows).join(', ')}`)
  process.exit(2)
}

const names = wanted.length > 0 ? wanted : Object.keys(rows)
const sections = []
for (const name of names) {
  const { title, unit, growth = false, faster = false, rounds = 9, candidates } = rows[name]
  process.stderr.write(`${name} …\n`)
  // Small sizes run several times, so that a clock of microseconds can tell.
  const list = (await candidates()).map(({ repeat = 1, run, units, ...rest }) => ({
    ...rest,
    units: units * repeat,
    size: units,
    async run() {
      for (let i = 0; i < repeat; i++) await run()
    },
  }))
  const results = (await interleaved(list, { rounds })).map((result, at) => ({ ...result, units: list[at].size }))
  sections.push(section(name, title, unit, growth, faster, results))
  console.log(`\n${sections.at(-1)}`)
}

if (wanted.length === 0) {
  const head = [
    `# Benchmarks, Node.js ${process.versions.node.split('.')[0]}`,
    '',
    'Written by `pnpm bench`; `pnpm bench ROW` measures one row. CPU time, candidates in turn within one process, medians;',
    'in brackets the 10th and the 90th percentile. Ratios hold, absolute figures depend on the machine and its other work.',
    '',
    `Node.js ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim() || 'unnamed processor'}. ${versions()}.`,
  ]
  const [major] = process.versions.node.split('.')
  writeFileSync(
    new URL(`../../../docs/benchmarks-node${major}.md`, import.meta.url),
    [...head, '', ...sections].join('\n'),
  )
}

/** The peers as they were measured. */
function versions() {
  const { devDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const outside = Object.keys(devDependencies).filter((name) => !name.startsWith('@deltawire/'))
  const versionOf = (name) =>
    JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version
  return outside.map((name) => `${name} ${versionOf(name)}`).join(', ')
}

function section(name, title, unit, growth, faster, results) {
  const [first] = results
  const own = results.find(({ name: candidate }) => candidate.includes('readChunks'))
  const ratio = ({ median }) => (faster ? `${(median / own.median).toFixed(1)} ×` : (median / first.median).toFixed(2))
  const last = results.at(-1)
  const lines = [
    `## ${title}`,
    '',
    `\`pnpm bench ${name}\``,
    '',
    `| | ${unit} | ${faster ? 'ours is faster by' : 'ratio'} |`,
    '| --- | --: | --: |',
  ]
  for (const { name: candidate, median, p10, p90 } of results)
    lines.push(
      `| ${candidate} | ${Math.round(median)} (${Math.round(p10)}–${Math.round(p90)}) | ${ratio({ median })} |`,
    )
  if (growth) lines.push('', `Growth exponent ${exponent(first, last).toFixed(3)} (1 is linear).`)
  return `${lines.join('\n')}\n`
}
