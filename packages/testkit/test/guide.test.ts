import { describe, expect, it } from 'vitest'
import { runSnippet, snippetsOf, typeErrorsOf } from '../src/guide.ts'

const guide = `# Guide

## First

\`\`\`ts
import { join as glue } from 'node:path'

export const path = glue('a', 'b')
export default await Promise.resolve(path.length)
\`\`\`

### Second

\`\`\`sh
npm install
\`\`\`

\`\`\`ts
const wrong: number = 'text'
console.log(wrong)
\`\`\`
`

describe('the snippets of a guide', () => {
  const snippets = snippetsOf(guide)

  it('are those in TypeScript, each under its nearest heading', () => {
    expect(snippets.map(({ title }) => title)).toEqual(['First', 'Second'])
  })

  it('are compiled with the strictness of the house', { timeout: 30_000 }, () => {
    expect(typeErrorsOf(snippets, new URL('.', import.meta.url))).toEqual([
      "Second: Type 'string' is not assignable to type 'number'.",
    ])
  })

  it('run with what they import and find', async () => {
    const join = (...names: string[]) => names.join('+')
    expect(await runSnippet(snippets[0]?.code ?? '', { 'node:path': { join } })).toEqual({ path: 'a+b', default: 3 })
    const printed: unknown[] = []
    await runSnippet(snippets[1]?.code ?? '', {}, { console: { log: (value: unknown) => printed.push(value) } })
    expect(printed).toEqual(['text'])
  })
})
