/** What is typed behind `$ ` on a page, and what follows it. */
export interface Step {
  readonly command: string
  readonly output: string
}

/** The blocks of a page of Markdown in that language. */
export function blocksOf(page: string, language: string): string[] {
  const fences = page.matchAll(/^(`{3,})(\w+)\n([\s\S]*?)^\1$/gm)
  return [...fences].flatMap(([, , of, text = '']) => (of === language ? [text] : []))
}

export function stepsOf(block: string): Step[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.split('\n')
      return { command, output: output.join('\n').trimEnd() }
    })
}

/** Matches what a page shows: `…` stands for what differs from run to run, spaces for any number of them. */
export function patternOf(expected: string): RegExp {
  const parts = expected
    .split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`).replaceAll(/ +/g, ' +'))
  return new RegExp(`^${parts.join('[^\\n]*')}$`)
}
