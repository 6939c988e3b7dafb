export const HELP = `pnpm bench [ROW…] [options]

Measures rows and prints them. Without a row: all of them, and writes docs/benchmarks.md and its plot.
ROW may hold *, as in pnpm bench 'fold-text-*'.

  --list        the rows, with what each of them measures
  --save        keep what was measured in apps/bench/results and write docs/benchmarks.md, as without a row
  --report      measure nothing, write docs/benchmarks.md from what is kept
  --rounds N    so many rounds instead of each row's own
  --help        this text

The report shows what is kept of Node.js 20 and 24. With DELTAWIRE_CORPUS naming a folder of recordings, those are
measured too.
`

/**
 * What a command line asks for: `{ do: 'help' | 'list' | 'report' | 'measure', names, save, rounds }`, or `{ error }`.
 *
 * @param {string[]} args
 * @param {string[]} rows the names there are
 */
export function parseArguments(args, rows) {
  const asked = { do: 'measure', names: [], save: false, rounds: undefined }
  const rest = [...args]
  while (rest.length > 0) {
    const word = rest.shift()
    if (word === '--') continue
    else if (word === '--help' || word === '-h') return { do: 'help' }
    else if (word === '--list') asked.do = 'list'
    else if (word === '--report') asked.do = 'report'
    else if (word === '--save') asked.save = true
    else if (word === '--rounds') {
      asked.rounds = Number(rest.shift())
      if (!Number.isInteger(asked.rounds) || asked.rounds < 1)
        return { error: '--rounds takes a whole number above 0.' }
    } else if (word.startsWith('-')) return { error: `There is no option ${word}. --help shows the options.` }
    else {
      const matching = rows.filter(matches(word))
      if (matching.length === 0) return { error: unknown(word, rows) }
      asked.names.push(...matching.filter((name) => !asked.names.includes(name)))
    }
  }
  if (asked.do === 'report' && (asked.save || asked.names.length > 0))
    return { error: '--report measures nothing, and --save writes the report by itself: take one of them.' }
  if (asked.names.length === 0 && asked.do === 'measure') return { ...asked, names: rows, save: true }
  return asked
}

const matches = (pattern) => {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
  const whole = new RegExp(`^${parts.join('.*')}$`)
  return (name) => whole.test(name)
}

function unknown(word, rows) {
  const begin = word.split('-')[0]
  const near = rows.filter((name) => name.startsWith(begin)).slice(0, 6)
  const hint = near.length > 0 ? ` Do you mean ${near.join(', ')}?` : ''
  return `No row is called ${word}.${hint} pnpm bench --list shows all ${rows.length} rows.`
}
