import type { Output } from '../io.ts'
import { visibleJson, visibleLine } from '../render/visible.ts'
import type { Group } from './group-findings.ts'
import { ruleOf, rules, type RuleName } from './rules.ts'

/** What was found in one source. */
export interface Report {
  readonly source: string
  readonly groups: readonly Group[]
  /** Whether lines of the body are lines of the file, so that an editor can show them. */
  readonly hasLines: boolean
}

export interface FindingsWriter {
  readonly write: (report: Report) => Promise<void>
  readonly end?: () => Promise<void>
}

export type FindingsFormat = 'github' | 'json' | 'sarif' | 'text'

/** How findings are written, by format. */
export const findingsWriters: {
  readonly [F in FindingsFormat]: (output: Output, version: string) => FindingsWriter
} = {
  text: (output) => ({
    async write({ source, groups }) {
      for (const group of groups) await output.write(`${textOf(source, group)}\n`)
    },
  }),
  json: (output) => ({
    async write({ source, groups }) {
      for (const group of groups) await output.write(`${visibleJson(JSON.stringify(toJson(source, group)))}\n`)
    },
  }),
  github: (output) => ({
    async write({ source, groups, hasLines }) {
      for (const group of groups) await output.write(`${annotationOf(source, group, hasLines)}\n`)
    },
  }),
  sarif(output, version) {
    const reports: Report[] = []
    return {
      async write(report) {
        reports.push(report)
      },
      end: () => output.write(`${visibleJson(JSON.stringify(toSarif(reports, version), undefined, 2))}\n`),
    }
  },
}

function textOf(source: string, { rule, severity, first, count }: Group): string {
  const { about, effect, breaks = [], source: see } = ruleOf(rule)
  const lines = [`${source}: ${placeOf(first)}: ${severity} ${rule}: ${about}${detailOf(first.detail)}${moreOf(count)}`]
  if (first.text !== '') lines.push(`    ${shortened(first.text, rule)}`)
  lines.push(`    effect: ${effect}`)
  if (breaks.length > 0) lines.push(`    breaks: ${breaks.join(', ')}`)
  if (see !== undefined) lines.push(`    see: ${see}`)
  return lines
    .map((line) => line.slice(0, line.length - line.trimStart().length) + visibleLine(line.trimStart()))
    .join('\n')
}

function placeOf({ event, offset }: Group['first']): string {
  return event === undefined ? `byte ${offset}` : `event ${event}, byte ${offset}`
}

function detailOf(detail: string | undefined): string {
  return detail === undefined ? '' : ` (${detail})`
}

function moreOf(count: number): string {
  return count === 1 ? '' : `; ${count} times`
}

const maxShown = 140

/** Rules about what a choice carries: what stands before it in its chunk shows nothing of that. */
const aboutChoices =
  /^(?:audio|choice|content|control|cumulative|delta|finish|function|half|logprobs|message|reasoning|role|text|think|tool)-/

function shortened(text: string, rule: RuleName): string {
  const [, before = '', choices = ''] = /^(data: ?\{)"(?!choices").*?("choices":.*)$/s.exec(text) ?? []
  const shown = text.length > maxShown && choices !== '' && aboutChoices.test(rule) ? `${before}…${choices}` : text
  return shown.length > maxShown ? `${shown.slice(0, maxShown)}…` : shown
}

function toJson(source: string, { rule, severity, first, count }: Group) {
  const { about, effect, breaks = [], source: see = null } = ruleOf(rule)
  const { event = null, offset, line, text, detail = null } = first
  return {
    v: 1,
    type: 'finding',
    source,
    rule,
    severity,
    event,
    offset,
    line,
    count,
    about,
    detail,
    effect,
    breaks,
    see,
    text,
  }
}

/** https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands */
function annotationOf(source: string, { rule, severity, first, count }: Group, hasLines: boolean): string {
  const { about, effect } = ruleOf(rule)
  const command = severity === 'info' ? 'notice' : severity
  const place = hasLines ? `,line=${first.line}` : ''
  const message = `${placeOf(first)}: ${about}${detailOf(first.detail)}${moreOf(count)}. Effect: ${effect}.`
  return `::${command} file=${escaped(source, true)}${place},title=${rule}::${escaped(visibleLine(message), false)}`
}

function escaped(text: string, isProperty: boolean): string {
  const data = text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  return isProperty ? data.replaceAll(':', '%3A').replaceAll(',', '%2C') : data
}

/** https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
function toSarif(reports: readonly Report[], version: string) {
  const used = [...new Set(reports.flatMap(({ groups }) => groups.map(({ rule }) => rule)))]
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'deltawire', version, rules: used.map(toSarifRule) } },
        results: reports.flatMap(({ source, groups, hasLines }) =>
          groups.map((group) => toSarifResult(source, group, used.indexOf(group.rule), hasLines)),
        ),
      },
    ],
  }
}

function toSarifRule(name: RuleName) {
  const { about, effect, source } = ruleOf(name)
  return {
    id: name,
    shortDescription: { text: about },
    help: { text: `Effect: ${effect}.` },
    ...(source !== undefined && { helpUri: source }),
  }
}

function toSarifResult(source: string, { rule, severity, first, count }: Group, ruleIndex: number, hasLines: boolean) {
  const region = hasLines ? { startLine: first.line } : { byteOffset: first.offset }
  return {
    ruleId: rule,
    ruleIndex,
    level: severity === 'info' ? 'note' : severity,
    message: { text: `${ruleOf(rule).about}${detailOf(first.detail)}${moreOf(count)}` },
    locations: [{ physicalLocation: { artifactLocation: { uri: source }, region } }],
  }
}

/** `--rules`: the list of those that are wanted. */
export async function writeRules(
  output: Output,
  isJson: boolean,
  isWanted: (rule: RuleName) => boolean,
): Promise<void> {
  for (const name of (Object.keys(rules) as RuleName[]).filter(isWanted)) {
    const { severity, about, effect, breaks = [], source = null } = ruleOf(name)
    await output.write(
      isJson
        ? `${JSON.stringify({ v: 1, type: 'rule', rule: name, severity, about, effect, breaks, see: source })}\n`
        : `${name.padEnd(31)} ${severity.padEnd(8)} ${about}\n`,
    )
  }
}
