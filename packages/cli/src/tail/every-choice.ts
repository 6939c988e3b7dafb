import { textOf, type ChatCompletionChunk } from '@deltawire/core'
import type { Io } from '../io.ts'
import { createTextWriter } from '../render/create-text-writer.ts'
import { tailForms, type TailForm } from './tail-forms.ts'

/** The text of every choice: the first as it comes, the others below it when the stream has ended. */
export function everyChoice(io: Io): TailForm {
  const first = tailForms.text(io)
  const others = new Map<number, string>()

  function keep({ choices }: ChatCompletionChunk): void {
    for (const { index, delta } of choices) {
      if (index > 0) others.set(index, (others.get(index) ?? '') + textOf(delta) + (delta.refusal ?? ''))
    }
  }

  return {
    async chunk(chunk) {
      keep(chunk)
      await first.chunk(chunk)
    },
    async replace(chunk) {
      others.clear()
      keep(chunk)
      await first.replace(chunk)
    },
    async end(isWhole, isLast) {
      await first.end(isWhole, isLast && others.size === 0)
      const sorted = [...others].toSorted(([a], [b]) => a - b)
      for (const [at, [index, text]] of sorted.entries()) {
        await io.stdout.write(`--- choice ${index} ---\n`)
        const writer = createTextWriter(io.stdout)
        await writer.write(text)
        await writer.end()
        const isEnd = isLast && at === sorted.length - 1
        if (!io.stdout.isTTY && !isEnd && !text.endsWith('\n')) await io.stdout.write('\n')
      }
    },
  }
}
