/** The content of a fenced block of an answer: the first, the Nth, or the first in that language. */
export function extractBlock(text: string, which: number | string): string | undefined {
  const blocks = [
    ...text.matchAll(/^ {0,3}(`{3,}|~{3,})[ \t]*([^\n`]*)\n([\s\S]*?)(?:^ {0,3}\1[`~]*[ \t]*$|(?![\s\S]))/gm),
  ]
  if (typeof which === 'number') return blocks[which - 1]?.[3]
  return blocks.find(([, , info = '']) => info.trim().split(/\s/)[0]?.toLowerCase() === which.toLowerCase())?.[3]
}
