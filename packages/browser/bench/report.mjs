// The figures as a page of the documentation, each beside what it was to be.
import { cpus } from 'node:os'

const whole = (value) => Math.round(value).toLocaleString('en')
const tenth = (value) => value.toFixed(1)

const table = (head, rows) =>
  [head, head.map((_, at) => (at === 0 ? '---' : '--:')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

const answerTable = (rows) =>
  table(
    ['', 'deltas', 'CPU ms', 'µs per delta', 'longest task ms', 'renders', 'heap at the end MB', 'of that kept MB'],
    rows.map((row) => [
      row.name,
      whole(row.count),
      whole(row.cpuMs),
      whole((row.cpuMs * 1_000) / row.count),
      row.longestMs === 0 ? '< 50' : whole(row.longestMs),
      whole(row.renders),
      tenth(row.peakMB),
      tenth(row.keptMB),
    ]),
  )

const target = (what, value, most, unit) => [
  what,
  `≤ ${most} ${unit}`,
  `${value} ${unit}`,
  value <= most ? 'met' : 'missed',
]
const targets = (rows) => table(['', 'target', 'measured', ''], rows)

const ours = (rows) => rows.find(({ name }) => name.startsWith('Deltawire'))

const burstTargets = (rows, mostMs) => {
  const { cpuMs, longestMs, peakMB } = ours(rows)
  return targets([
    target('CPU', Math.round(cpuMs), mostMs, 'ms'),
    // The browser tells of those above 50 ms only.
    [
      'longest task',
      '≤ 50 ms',
      longestMs === 0 ? '< 50 ms' : `${whole(longestMs)} ms`,
      longestMs <= 50 ? 'met' : 'missed',
    ],
    target('growth of the heap', Number(tenth(peakMB)), 10, 'MB'),
  ])
}

export function report({ stores, burstText, burstTool, paced }, { chromium, peers }) {
  const parts = [
    '# What a page pays while an answer arrives',
    '',
    'Written by `node packages/browser/bench/main.mjs`; with `stores`, `burst-text`, `burst-tool` or `paced` it measures that alone and writes nothing. Needs Chromium (`CHROMIUM` names it where it is not `/usr/bin/chromium`).',
    '',
    `Chromium ${chromium}, headless, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, which other work shared. ${peers.join(', ')}. CPU is the time of the page's main thread alone, painting and reading of the network included; candidates take turns, after each has run warm; medians. The heap at its end holds what nobody has collected yet. A task is timed by the clock on the wall, in which the machine's other work counts. Each reads its own wire: ours and the raw page plain chunks, AI SDK and TanStack theirs. **Ratios hold; absolute figures are this machine's.**`,
  ]
  if (stores !== undefined) {
    const us = (name, kind, count) =>
      Number(stores.find((row) => row.name === name && row.kind === kind && row.count === count).us.toFixed(2))
    const names = [...new Set(stores.map(({ name }) => name))]
    parts.push(
      '',
      '## The store alone: microseconds per delta, no network, no view',
      '',
      table(
        ['', 'text, 10,000 deltas', 'arguments, 2,000 (12 KB)', 'arguments, 10,000 (60 KB)'],
        names.map((name) => [
          name,
          ...[
            ['text', 10_000],
            ['tool', 2_000],
            ['tool', 10_000],
          ].map(([kind, count]) => us(name, kind, count).toFixed(2)),
        ]),
      ),
      '',
      targets([
        target('text', us('deltawire', 'text', 10_000), 2, 'µs'),
        target('arguments, at 60 KB', us('deltawire', 'tool', 10_000), 5, 'µs'),
      ]),
    )
  }
  if (burstText !== undefined)
    parts.push('', '## 10,000 deltas of text at once', '', answerTable(burstText), '', burstTargets(burstText, 120))
  if (burstTool !== undefined)
    parts.push(
      '',
      '## 10,000 deltas of arguments at once',
      '',
      answerTable(burstTool),
      '',
      burstTargets(burstTool, 150),
    )
  if (paced !== undefined) {
    const raw = paced.find(({ name }) => name.startsWith('raw'))
    const share = Math.round((ours(paced).cpuMs / raw.cpuMs) * 100)
    parts.push(
      '',
      '## 1,000 deltas a second for five seconds',
      '',
      answerTable(paced),
      '',
      targets([target('CPU beside raw appendData', share, 110, '%')]),
    )
  }
  return `${parts.join('\n')}\n`
}
