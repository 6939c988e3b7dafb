// pnpm bench: see arguments.mjs for what it takes.
import { writeFileSync } from 'node:fs'
import { HELP, parseArguments } from './arguments.mjs'
import { plot } from './plot.mjs'
import { startChild } from './processes/child.mjs'
import { printRow, report } from './report.mjs'
import { readResults, saveRow } from './results.mjs'
import { ROWS, SUBJECTS } from './rows/index.mjs'

/** The version that targets are set for, then the one that is shown beside it. */
const MAJORS = ['24', '20']

const asked = parseArguments(process.argv.slice(2), Object.keys(ROWS))
process.exitCode = await obey()

async function obey() {
  if (asked.error !== undefined) {
    console.error(asked.error)
    return 2
  }
  if (asked.do === 'help') process.stdout.write(HELP)
  else if (asked.do === 'list') list()
  else if (asked.do === 'report') writeReport()
  else return measure()
  return 0
}

function list() {
  for (const { title, rows } of SUBJECTS) {
    console.log(`\n${title}`)
    for (const [name, { about }] of Object.entries(rows)) console.log(`  ${name.padEnd(28)} ${about}`)
  }
}

async function measure() {
  const { names, save, rounds } = asked
  for (const [at, name] of names.entries()) {
    const missing = ROWS[name].needs?.()
    if (missing !== undefined) {
      console.error(`${name} was left out: ${missing}.`)
      // Whoever asked for it by name did not get it.
      if (names.length === 1) return 2
      continue
    }
    process.stderr.write(`${at + 1}/${names.length} ${name} …`)
    const begin = performance.now()
    const child = startChild('row.mjs')
    const result = await child.ask({ name, options: { rounds } })
    await child.end()
    process.stderr.write(` ${((performance.now() - begin) / 1000).toFixed(0)} s\n`)
    console.log(printRow(name, result))
    if (save) saveRow(name, result)
  }
  if (save) writeReport()
  return 0
}

function writeReport() {
  const kept = MAJORS.map((major) => readResults(major)).filter((results) => results !== undefined)
  if (kept.length === 0) {
    console.error(`Nothing is kept of Node.js ${MAJORS.join(' or ')} yet, so there is no report to write.`)
    return
  }
  const docs = new URL('../../../docs/', import.meta.url)
  writeFileSync(new URL('benchmarks.md', docs), report(SUBJECTS, kept, 'benchmarks.svg'))
  writeFileSync(new URL('benchmarks.svg', docs), plot(kept[0]))
}
