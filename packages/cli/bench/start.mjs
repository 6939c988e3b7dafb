// What a start of deltawire costs above a start of Node.js that does nothing, beside the ancestor's.
//
//   pnpm build && node packages/cli/bench/start.mjs [RUNS] [NODE]
//
// CPU time (user and system) of whole processes, as the shell measures it; the candidates take turns, so that a load on
// the machine meets all of them; medians. What counts is the difference to the first row.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [runs = '20', node = process.execPath] = process.argv.slice(2)
const binary = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const ancestor = join(
  dirname(createRequire(new URL('../../node/package.json', import.meta.url)).resolve('chatgpt')),
  '../bin/cli.js',
)

const folder = mkdtempSync(join(tmpdir(), 'deltawire-start-'))
const nothing = join(folder, 'nothing.mjs')
const stream = join(folder, 'stream.sse')
writeFileSync(nothing, '')
writeFileSync(stream, spawnSync(node, [binary, 'convert', 'demo:text', '--to', 'sse']).stdout)

const candidates = [
  { name: 'an empty module', argv: [nothing] },
  { name: 'deltawire --version', argv: [binary, '--version'] },
  { name: 'deltawire --help', argv: [binary, '--help'] },
  { name: 'deltawire merge stream.sse', argv: [binary, 'merge', stream] },
  { name: 'chatgpt --version', argv: [ancestor, '--version'] },
  { name: 'chatgpt --help', argv: [ancestor, '--help'] },
]

try {
  // The first run of each fills the compile cache, as the first run on any machine does.
  const times = candidates.map(() => [])
  for (let round = -1; round < Number(runs); round++) {
    for (const [at, { argv }] of candidates.entries()) {
      const time = cpuMs([node, ...argv])
      if (round >= 0) times[at].push(time)
    }
  }
  const medians = times.map(median)
  console.log(`Node.js ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}, median of ${runs}\n`)
  console.log('|  | CPU, ms | above Node.js, ms |\n| --- | ---: | ---: |')
  for (const [at, { name }] of candidates.entries()) {
    console.log(`| \`${name}\` | ${medians[at].toFixed(0)} | ${(medians[at] - medians[0]).toFixed(0)} |`)
  }
} finally {
  rmSync(folder, { recursive: true })
}

function cpuMs(command) {
  const script = 'TIMEFORMAT="%3U %3S"; time "$@" > /dev/null 2> /dev/null'
  const { stderr } = spawnSync('bash', ['-c', script, 'bash', ...command], { encoding: 'utf8' })
  return stderr
    .trim()
    .split(' ')
    .reduce((sum, seconds) => sum + Number(seconds) * 1000, 0)
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
