import { encodeChunk, encodeDone, splitCompletion } from '@deltawire/core'
import type { Run } from '../arguments/command.ts'
import { exitCode, exitCodeOf } from '../exit-code.ts'
import { visibleJson } from '../render/visible.ts'
import { reportError } from '../report.ts'
import { foldSource } from '../source/fold-source.ts'
import { openSources } from '../source/open-source.ts'
import { cutOf } from '../split/cut-of.ts'
import type { flags } from './split.command.ts'

export const split: Run<typeof flags> = async ({ flags, arguments: names }, io) => {
  const [source] = await openSources(names, flags, io)
  if (source === undefined) return exitCode.bug
  const { completion, error } = await foldSource(source.bytes, { clock: io.clock })
  const isSse = flags.format === 'sse'
  if (completion !== null) {
    const { usage, ...rest } = completion
    const wanted = flags['no-usage'] || usage === undefined ? rest : completion
    let isFirst = true
    for (const chunk of splitCompletion(wanted, { by: await cutOf(flags.by, flags.seed) })) {
      if (!isFirst && flags.interval > 0) await io.clock.sleep(flags.interval, io.signal)
      if (io.signal.aborted) throw io.signal.reason
      isFirst = false
      await io.stdout.write(visibleJson(isSse ? encodeChunk(chunk) : `${JSON.stringify(chunk)}\n`))
    }
  }
  if (error !== null) {
    await reportError(io, flags, error)
    return exitCodeOf(error)
  }
  if (isSse && !flags['no-done']) await io.stdout.write(encodeDone())
  return exitCode.complete
}
