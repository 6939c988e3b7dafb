// From results to one SVG: how many times the cost of ours others have, and how the cost grows. Pure.

const WIDTH = 760
const LABEL = 250
const BAR = 22
/** Readable on white and on black: the text follows the page, the bars lie between. */
const STYLE =
  'text{font:12px system-ui,sans-serif;fill:#333}.t{font-weight:600;font-size:14px}.q{fill:#777}.a{fill:#3b82c4}.b{fill:#c4853b}.l{stroke:#3b82c4;stroke-width:2;fill:none}.m{stroke:#c4853b;stroke-width:2;fill:none}.g{stroke:#8884;stroke-width:1}' +
  '@media(prefers-color-scheme:dark){text{fill:#ddd}.q{fill:#999}}'

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const text = (x, y, value, rest = '') => `<text x="${round(x)}" y="${round(y)}" ${rest}>${escape(value)}</text>`
const round = (value) => Math.round(value * 10) / 10

/** What the bars show: a row and the pair of candidates that its ratio compares. */
const BARS = [
  { row: 'libraries-64k', title: '64 KB reads', style: 'a' },
  { row: 'libraries-event', title: 'one event per read', style: 'b' },
]

const LINES = [
  { row: 'growth-text', title: 'bytes to the completion', style: 'l' },
  { row: 'snapshots-text', title: 'a snapshot after every chunk', style: 'm' },
]

/** The plot of what was measured; parts that were not are left out. */
export function plot(results) {
  const bars = drawBars(results, 30)
  const lines = drawLines(results, bars.height + 40)
  const height = bars.height + lines.height + 50
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 ${WIDTH + 20} ${height}" role="img"><title>Benchmarks, Node.js ${results.node}</title><style>${STYLE}</style>
${[...bars.parts, ...lines.parts].join('\n')}
</svg>
`
}

/** Ratios on a logarithmic scale: each step to the right is ten times as much. */
function drawBars({ rows, node }, top) {
  const groups = BARS.filter(({ row }) => row in rows).map((group) => ({ ...group, figures: rows[group.row].figures }))
  const names = groups[0]?.figures.map(({ say }) => say) ?? []
  if (names.length === 0) return { parts: [], height: 0 }
  const most = Math.max(...groups.flatMap(({ figures }) => figures.map(({ median }) => median)))
  const decades = Math.ceil(Math.log10(most))
  const right = WIDTH - LABEL - 70
  const x = (ratio) => LABEL + (right * Math.max(0, Math.log10(ratio))) / decades
  const bottom = top + 30 + names.length * (BAR + 10)
  const parts = [
    text(0, top - 10, `CPU time, as multiples of ours (text, 10,000 chunks, Node.js ${node})`, 'class="t"'),
  ]
  for (const [at, { title, style }] of groups.entries()) {
    parts.push(`<rect class="${style}" x="${LABEL + at * 170}" y="${top + 2}" width="10" height="10"/>`)
    parts.push(text(LABEL + at * 170 + 16, top + 12, title))
  }
  for (let decade = 0; decade <= decades; decade++) {
    const at = round(x(10 ** decade))
    parts.push(
      `<path class="g" d="M${at} ${top + 22}V${bottom}"/>`,
      text(at, bottom + 14, `${(10 ** decade).toLocaleString('en')} ×`, 'class="q" text-anchor="middle"'),
    )
  }
  for (const [at, name] of names.entries()) {
    const y = top + 28 + at * (BAR + 10)
    parts.push(text(LABEL - 8, y + BAR / 2 + 4, name.split(' / ')[0], 'text-anchor="end"'))
    for (const [group, { figures, style }] of groups.entries()) {
      const figure = figures.find(({ say }) => say === name)
      if (figure === undefined) continue
      const thick = BAR / groups.length
      const width = round(x(figure.median) - LABEL)
      parts.push(
        `<rect class="${style}" x="${LABEL}" y="${y + group * thick}" width="${width}" height="${thick - 1}"/>`,
      )
      parts.push(
        text(
          LABEL + width + 5,
          y + (group + 1) * thick - 2,
          `${figure.median.toFixed(figure.median < 10 ? 1 : 0)} ×`,
          'class="q"',
        ),
      )
    }
  }
  return { parts, height: bottom - top + 50 }
}

/** The cost of one chunk against the length of the stream: what is linear is flat. */
function drawLines({ rows }, top) {
  const series = LINES.filter(({ row }) => row in rows).map((line) => ({
    ...line,
    costs: rows[line.row].costs.map(({ median }) => median),
    sizes: rows[line.row].costs.map(({ name }) => /([\d,]+) chunks$/.exec(name)?.[1] ?? ''),
  }))
  if (series.length === 0) return { parts: [], height: 0 }
  const height = 150
  const bottom = top + 30 + height
  const most = Math.max(...series.flatMap(({ costs }) => costs))
  const sizes = series[0].sizes
  const x = (at) => LABEL + ((WIDTH - LABEL - 70) * at) / Math.max(1, sizes.length - 1)
  const y = (cost) => bottom - (height * cost) / most
  const parts = [text(0, top, 'CPU time of one chunk (µs) against the length of the stream', 'class="t"')]
  for (const cost of [0, most / 2, most])
    parts.push(
      `<path class="g" d="M${LABEL} ${round(y(cost))}H${WIDTH - 70}"/>`,
      text(LABEL - 8, y(cost) + 4, (cost / 1000).toFixed(2), 'class="q" text-anchor="end"'),
    )
  for (const [at, size] of sizes.entries()) parts.push(text(x(at), bottom + 16, size, 'class="q" text-anchor="middle"'))
  for (const [at, { title, style, costs }] of series.entries()) {
    const points = costs.map((cost, size) => `${round(x(size))} ${round(y(cost))}`).join('L')
    parts.push(`<path class="${style}" d="M${points}"/>`)
    parts.push(`<path class="${style}" d="M0 ${top + 50 + at * 24}h20"/>`, text(26, top + 54 + at * 24, title))
  }
  return { parts, height: bottom - top + 20 }
}
