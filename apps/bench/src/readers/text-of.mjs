/** What a chunk adds to the first choice: its text, or the arguments of its first tool. */
export function textOfChunk(chunk) {
  const choice = chunk.choices[0]
  if (choice === undefined || choice.index !== 0) return ''
  const { content, tool_calls } = choice.delta
  return content ?? tool_calls?.[0]?.function?.arguments ?? ''
}

/** The same of a finished message. */
export const textOfMessage = ({ content, tool_calls }) => content || tool_calls?.[0]?.function.arguments || ''
