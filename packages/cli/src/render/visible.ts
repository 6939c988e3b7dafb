/**
 * Text of a stranger's, safe for a terminal: control characters become visible instead of being obeyed.
 *
 * A model's answer can hold what moves the cursor, sets the clipboard (OSC 52) or hides a link (OSC 8). Line ends and
 * tabs stay; everything else of C0 becomes its picture (`␛`), DEL and C1 too.
 */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(controls, pictureOf)
}

/** The same on one line, for a name or a message inside a sentence of ours. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll(/\s*\n\s*/g, ' ')
}

/** JSON text with the control characters escaped that JSON leaves alone (DEL and C1): the same value, safe to show. */
export function visibleJson(json: string): string {
  return json.replaceAll(/[\u007F-\u009F]/g, (character) => `\\u00${hex(character)}`)
}

// Everything of C0 but tab and line feed, DEL, and C1.
// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g

function pictureOf(character: string): string {
  const code = character.charCodeAt(0)
  if (code === 0x7f) return '␡'
  // C1 has no pictures of its own.
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : `\\x${hex(character)}`
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16)
}
