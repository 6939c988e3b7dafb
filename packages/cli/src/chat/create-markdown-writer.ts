import {
  createMarkdownRenderer,
  type MarkdownOptions,
  type MarkdownRenderer,
} from '../markdown/create-markdown-renderer.ts'
import type { Output } from '../io.ts'
import type { TextWriter } from '../render/create-text-writer.ts'

/** Writes a model's text as Markdown, as it arrives. */
export function createMarkdownWriter(
  output: Output,
  options: Omit<MarkdownOptions, 'columns'>,
  columns: number,
): TextWriter {
  let renderer: MarkdownRenderer | undefined

  async function print(text: string) {
    if (text !== '') await output.write(text)
  }

  return {
    async write(piece) {
      // The width at its beginning: what has been printed stays as it is.
      renderer ??= createMarkdownRenderer({ ...options, columns: output.columns?.() ?? columns })
      await print(renderer.push(piece))
    },
    async end() {
      await print(renderer?.end() ?? '')
      renderer = undefined
      await output.flush()
    },
  }
}
