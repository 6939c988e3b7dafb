/** A link of a stranger's, as far as it may be given to a terminal. */
export interface Link {
  readonly text: string
  readonly url: string
}

/** `[text](url "title")` without the brackets; the title is left out. */
export function linkOf(text: string, target: string): Link {
  const [, url = ''] = /^\s*<?([^\s>]*)>?/.exec(target) ?? []
  return { text, url }
}

/**
 * Whether a terminal may hide the address behind the text.
 *
 * Only addresses that a browser opens, and not behind a text that reads like another address: the model was talked into
 * it by somebody.
 */
export function mayHideAddress({ text, url }: Link): boolean {
  if (!/^(?:https?:\/\/|mailto:)[\u0021-\u007E]+$/i.test(url)) return false
  const claimed = /(?:https?:\/\/)?((?:[\w-]+\.)+[a-z]{2,})/i.exec(text)?.[1]
  return claimed === undefined || (URL.canParse(url) && hostOf(url).endsWith(claimed.toLowerCase()))
}

function hostOf(url: string): string {
  const { hostname, pathname, protocol } = new URL(url)
  return protocol === 'mailto:' ? pathname.toLowerCase() : hostname
}
