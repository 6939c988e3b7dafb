/**
 * How `chatgpt`, the ancestor of deltawire, spelled its flags, in the words of today. Whoever has them in their fingers or
 * in a script is understood, and told once.
 *
 * `-s` and `-c` mean what they mean here. A value that cannot be meant today tells the others apart.
 */
interface Spelling {
  readonly old: readonly string[]
  /** Absent for a switch. */
  readonly isValue?: (value: string) => boolean
  readonly now: (value: string, argv: readonly string[]) => readonly string[]
}

const any = () => true
const continues = (argv: readonly string[]) => argv.some((word) => word === '-c' || word === '--continue')

const spellings: readonly Spelling[] = [
  { old: ['-k', '--apiKey'], isValue: any, now: (key) => ['--api-key', key] },
  { old: ['--apiOrg'], isValue: any, now: (id) => ['--header', `openai-organization: ${id}`] },
  { old: ['-o'], isValue: (id) => !id.includes('='), now: (id) => ['--header', `openai-organization: ${id}`] },
  { old: ['-o'], isValue: any, now: (option) => ['--option', option] },
  { old: ['-t'], isValue: (ms) => /^\d+$/.test(ms), now: (ms) => ['--timeout', ms] },
  { old: ['--conversationName'], isValue: any, now: named },
  { old: ['-n'], isValue: (name) => !/^-?\d+$/.test(name), now: named },
  { old: ['-d', '--debug'], now: () => ['-vvv'] },
  { old: ['--store', '--stream'], now: () => [] },
]

/** A name was the place of a conversation; `-c` went on with the one that was there. */
function named(name: string, argv: readonly string[]): readonly string[] {
  return continues(argv) ? [`--continue=${name}`] : ['--title', name]
}

export interface Respelled {
  readonly argv: readonly string[]
  /** `-k is --api-key`, for every flag that was understood. */
  readonly notes: readonly string[]
}

export function respelled(argv: readonly string[]): Respelled {
  const out: string[] = []
  const notes: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    if (word === '--') return { argv: [...out, ...argv.slice(at)], notes }
    const [flag, inline] = word.startsWith('--') ? split(word) : ([word] as const)
    const value = inline ?? argv[at + 1]
    const found = spellings.find(
      ({ old, isValue }) =>
        old.includes(flag) && (isValue === undefined ? inline === undefined : value !== undefined && isValue(value)),
    )
    if (found === undefined) {
      out.push(word)
      continue
    }
    const now = found.now(value ?? '', argv)
    out.push(...now)
    notes.push(now[0] === undefined ? `${flag} goes without saying` : `${flag} is ${now[0].split('=')[0]}`)
    if (found.isValue !== undefined && inline === undefined) at++
  }
  // The conversation has a name now: the bare -c would say it twice.
  const isNamed = out.some((word) => word.startsWith('--continue=')) && notes.length > 0
  return { argv: isNamed ? out.filter((word) => word !== '-c' && word !== '--continue') : out, notes }
}

function split(word: string): readonly [string, string?] {
  const at = word.indexOf('=')
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)]
}
