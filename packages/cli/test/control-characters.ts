/** The control characters in a text that a terminal would obey; tab and line feed are harmless. */
export function controlCharactersIn(text: string): string[] {
  // oxlint-disable-next-line no-control-regex
  return text.match(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g) ?? []
}
