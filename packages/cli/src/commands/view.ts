import type { FlagValues, Run } from '../arguments/command.ts'
import { createWaitingSign } from '../chat/waiting-sign.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { colorsOn } from '../render/colors.ts'
import { visibleJson, visibleLine } from '../render/visible.ts'
import { openSources } from '../source/open-source.ts'
import { heldRows } from '../view/held-rows.ts'
import { colorOfRow, lineOfRow } from '../view/row-line.ts'
import { openTerminal, runPager } from '../view/run-pager.ts'
import { viewRows, type Row } from '../view/view-rows.ts'
import type { flags } from './view.command.ts'

type Flags = FlagValues<typeof flags>

/** In a pipe, and on a terminal that does not tell. */
const usualWidth = 120

export const view: Run<typeof flags> = async ({ flags, arguments: names }, io) => {
  const [source] = await openSources(names, flags, io)
  if (source === undefined) return exitCode.bug
  const terminal = flags.interactive ? await openTerminal(io) : undefined
  const capture = await source.open()
  let isBroken = false
  async function* watched() {
    for await (const row of viewRows(capture)) {
      isBroken ||= row.kind === 'error'
      yield row
    }
    if (io.signal.aborted) throw io.signal.reason
  }
  if (terminal !== undefined) {
    let rows: Row[]
    // A stream that is still going on is shown when it has ended.
    const sign = createWaitingSign(io, flags)
    try {
      rows = await heldRows(watched(), source.name)
    } finally {
      await sign.stop()
    }
    await runPager(visibleLine(source.name), rows, terminal, io)
  } else {
    const hasTimes = capture.head !== undefined && capture.head.timed !== false
    await print(watched(), hasTimes, flags, io)
  }
  return isBroken ? exitCode.broken : exitCode.complete
}

/** Each row as it comes. */
async function print(rows: AsyncIterable<Row>, hasTimes: boolean, flags: Flags, io: Io): Promise<void> {
  const colors = colorsOn(io.stdout, io.env)
  const width = flags.wide ? Infinity : (io.stdout.columns?.() ?? usualWidth)
  let before: Row | undefined
  for await (const row of rows) {
    const color = colorOfRow[row.kind]
    const line = flags.json ? toJson(row) : lineOfRow(row, before, { width, hasTimes })
    await io.stdout.write(`${flags.json || color === undefined ? line : colors[color](line)}\n`)
    before = row
  }
}

function toJson({ number, offset, bytes, kind, text, atMs, gapMs, choice }: Row): string {
  const known = { at_ms: atMs ?? null, gap_ms: gapMs ?? null, choice: choice ?? null }
  return visibleJson(JSON.stringify({ v: 1, type: 'event', number, offset, bytes, kind, text, ...known }))
}
