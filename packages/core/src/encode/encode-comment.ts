/**
 * A comment in an event stream: no reader sees it, but every proxy on the way sees that the connection lives.
 *
 * A text of several lines becomes as many comment lines, so that no part of it can be taken for an event.
 */
export function encodeComment(text: string): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) => (line === '' ? ':\n' : `: ${line}\n`))
  return `${lines.join('')}\n`
}
