import { version } from '../../package.json'
import { closest } from '../arguments/closest.ts'
import type { FlagValues, Run } from '../arguments/command.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { exitCode } from '../exit-code.ts'
import { groupFindings, isAtLeast, isWanted, select } from '../lint/group-findings.ts'
import { lintCapture } from '../lint/lint-capture.ts'
import { rules } from '../lint/rules.ts'
import { findingsWriters, writeRules, type FindingsFormat } from '../lint/write-findings.ts'
import { note } from '../report.ts'
import { expandSources } from '../source/expand-sources.ts'
import { openSources, type Source } from '../source/open-source.ts'
import type { flags } from './lint.command.ts'

type Flags = FlagValues<typeof flags>

export const lint: Run<typeof flags> = async ({ flags, arguments: names }, io) => {
  const { level, profile } = flags
  const selection = { level, only: namesOf(flags.only), ignore: namesOf(flags.ignore), profile }
  if (flags.rules) {
    await writeRules(io.stdout, flags.json, (rule) => isWanted(rule, { ...selection, level: 'info' }))
    return exitCode.complete
  }
  const sources = await openSources(await expandSources(names), flags, io)
  const writer = findingsWriters[formatOf(flags)](io.stdout, version)
  const failsOn = flags['fail-on'] ?? flags.level
  let count = 0
  let isBad = false
  for (const source of sources) {
    const capture = await source.open()
    const findings = await lintCapture(capture, { n: flags.n, cumulative: flags.cumulative })
    if (io.signal.aborted) throw io.signal.reason
    const groups = groupFindings(select(findings, selection))
    isBad ||= groups.some(
      ({ severity }) => failsOn !== 'never' && (selection.only.length > 0 || isAtLeast(severity, failsOn)),
    )
    count += groups.length
    await writer.write({ source: source.name, groups, hasLines: hasLines(source, capture.head !== undefined) })
  }
  await writer.end?.()
  if (flags.verbose) await note(io, flags, `${sources.length} streams, ${count} findings`)
  return isBad ? exitCode.findings : exitCode.complete
}

/** Rules as the user gave them, or why one of them is none. */
function namesOf(given: readonly string[] | undefined): readonly string[] {
  for (const name of given ?? []) {
    if (Object.hasOwn(rules, name)) continue
    const meant = closest(name, Object.keys(rules))
    throw usageError(
      `there is no rule ${quote(name)}`,
      meant === undefined ? 'deltawire lint --rules prints them' : `did you mean ${meant}?`,
    )
  }
  return given ?? []
}

function formatOf({ json, github, sarif }: Flags): FindingsFormat {
  if (json) return 'json'
  if (github) return 'github'
  return sarif ? 'sarif' : 'text'
}

/** The lines of a bare file are those that an editor shows. */
function hasLines({ name, kind }: Source, isRecording: boolean): boolean {
  return !isRecording && kind === 'file' && !name.endsWith('.gz')
}
