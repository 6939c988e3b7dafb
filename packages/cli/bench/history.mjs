// What the history costs when it holds a hundred thousand messages.
//
//   pnpm build && node packages/cli/bench/history.mjs [MESSAGES] [RUNS] [NODE]
//
// Wall time and CPU time (user and system) of whole processes; the candidates take turns, so that a load on the machine
// meets all of them; medians. What counts is the CPU time above the first row, a start that does nothing: on a machine
// that has nothing else to do it is the wall time, too. The texts are made, the same in every run: their words are as
// common as those of a language are (Zipf), and one of them stands in one message only.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [messages = '100000', runs = '11', node = process.execPath] = process.argv.slice(2)
const binary = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'deltawire-history-'))
const log = join(folder, 'history.jsonl')
const env = { PATH: process.env.PATH, HOME: folder, DELTAWIRE_DATA_DIR: folder, DELTAWIRE_MODEL: 'demo:text' }

const candidates = [
  { name: 'deltawire --version', argv: ['--version'] },
  { name: 'deltawire history ls', argv: ['history', 'ls'] },
  { name: 'deltawire history search needle77', about: 'one message', argv: ['history', 'search', 'needle77'] },
  { name: 'deltawire history search absentword', about: 'none', argv: ['history', 'search', 'absentword'] },
  { name: 'deltawire history search w3', about: 'most messages', argv: ['history', 'search', 'w3'] },
  { name: 'deltawire history search w900 w1700', about: 'two words', argv: ['history', 'search', 'w900', 'w1700'] },
  { name: 'deltawire history search qz', about: 'two letters, none', argv: ['history', 'search', 'qz'] },
  { name: 'deltawire history show', argv: ['history', 'show'] },
  { name: 'deltawire -c "Go on"', about: 'asks demo:text', argv: ['-c', 'Go on'] },
]

try {
  writeHistory(Number(messages))
  const first = timed(['history', 'search', 'needle77'])
  const times = candidates.map(() => [])
  for (let round = -1; round < Number(runs); round++) {
    for (const [at, { argv }] of candidates.entries()) {
      const time = timed(argv)
      if (round >= 0) times[at].push(time)
    }
  }
  const column = (at, name) => median(times[at].map((time) => time[name]))
  const megabytes = (name) => `${(statSync(join(folder, name)).size / 1e6).toFixed(0)} MB`
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
  console.log(
    `Node.js ${version}, ${cpus().length} × ${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}, median of ${runs}`,
  )
  console.log(`${messages} messages, ${megabytes('history.jsonl')}; index ${megabytes('history.index')}`)
  console.log(`the first search, which writes the index: ${first.wallMs.toFixed(0)} ms\n`)
  console.log('|  | ms | CPU, ms | above a start, ms |\n| --- | ---: | ---: | ---: |')
  for (const [at, { name, about }] of candidates.entries()) {
    const above = column(at, 'cpuMs') - column(0, 'cpuMs')
    const label = `\`${name}\`${about === undefined ? '' : ` (${about})`}`
    console.log(
      `| ${label} | ${column(at, 'wallMs').toFixed(0)} | ${column(at, 'cpuMs').toFixed(0)} | ${above.toFixed(0)} |`,
    )
  }
} finally {
  rmSync(folder, { recursive: true })
}

/** Conversations of eight messages, a minute apart, written as the program writes them. */
function writeHistory(count) {
  const random = randomNumbers(7)
  const file = openSync(log, 'w', 0o600)
  const start = Date.UTC(2024, 0, 1)
  let lines = [JSON.stringify({ type: 'history', v: 1, id: 'benchhistory', note: 'deltawire history' })]
  let parent = null
  for (let at = 0; at < count; at++) {
    const thread = idOf('t', at >> 3)
    const time = new Date(start + at * 60_000).toISOString()
    if (at % 8 === 0) {
      lines.push(JSON.stringify({ type: 'thread', id: thread, title: null, at: time }))
      parent = null
    }
    const id = idOf('m', at)
    const isAnswer = at % 2 === 1
    const needle = at === 777 ? ' needle77' : ''
    const content = words(random, isAnswer ? 120 : 20) + needle
    lines.push(
      JSON.stringify({
        type: 'message',
        id,
        thread,
        parent,
        at: time,
        message: { role: isAnswer ? 'assistant' : 'user', content },
        ...(isAnswer && { answer: { model: 'm', status: 'complete', finish_reason: 'stop' } }),
      }),
    )
    parent = id
    if (lines.length > 1000) {
      writeSync(file, `${lines.join('\n')}\n`)
      lines = []
    }
  }
  if (lines.length > 0) writeSync(file, `${lines.join('\n')}\n`)
  closeSync(file)
}

function idOf(kind, number) {
  return kind + number.toString(32).padStart(11, '0').replaceAll('u', 'w')
}

/** Half as many words to twice as many. The nth word of the language is n times rarer than the first. */
function words(random, usual) {
  const count = Math.floor(usual * (0.5 + 1.5 * random()))
  return Array.from({ length: count }, () => wordOf(Math.floor(Math.exp(random() * Math.log(20_000))))).join(' ')
}

function wordOf(number) {
  const letters = 'etaoinshrdlucmfwypvbgkjxqz'
  let word = `w${number}`
  for (let rest = number; rest > 0; rest = Math.floor(rest / 7)) word += letters[(rest * 11) % 26]
  return word
}

/** Numbers from 0 to 1, the same in every run (Park and Miller, 1988). */
function randomNumbers(seed) {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

function timed(argv) {
  const script = 'TIMEFORMAT="%3R %3U %3S"; time "$@" > /dev/null 2> /dev/null'
  const { stderr } = spawnSync('bash', ['-c', script, 'bash', node, binary, ...argv], { encoding: 'utf8', env })
  const [real, user, system] = stderr.trim().split(' ').map(Number)
  return { wallMs: real * 1000, cpuMs: (user + system) * 1000 }
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
