import { messageText } from '../store/message-text.ts'
import type { MessageRecord } from '../store/record.ts'

export interface Exported {
  readonly id: string
  readonly title: string
  readonly messages: readonly MessageRecord[]
}

const who: Readonly<Record<string, string>> = {
  user: 'You',
  system: 'System',
  developer: 'System',
  tool: 'Tool',
  function: 'Tool',
}

/** The forms in which a conversation leaves the history. */
export const exportForms: Readonly<Record<'html' | 'json' | 'jsonl' | 'md', (thread: Exported) => string>> = {
  md: ({ title, messages }) =>
    [`# ${title}`, ...messages.map((record) => `## ${headOf(record)}\n\n${messageText(record.message).trimEnd()}`)]
      .join('\n\n')
      .concat('\n'),
  json: (thread) => `${JSON.stringify(thread, undefined, 2)}\n`,
  /** One message per line, as a request takes them: for a fine-tuning file or another tool. */
  jsonl: ({ messages }) => messages.map(({ message }) => `${JSON.stringify(message)}\n`).join(''),
  html: ({ title, messages }) =>
    [
      '<!doctype html>',
      `<meta charset="utf-8"><title>${escaped(title)}</title>`,
      '<style>body{max-width:44rem;margin:2rem auto;font:1rem/1.5 system-ui;padding:0 1rem}pre{white-space:pre-wrap;font:inherit}h2{font-size:1rem;opacity:.6}</style>',
      `<h1>${escaped(title)}</h1>`,
      ...messages.map(
        (record) => `<h2>${escaped(headOf(record))}</h2>\n<pre>${escaped(messageText(record.message))}</pre>`,
      ),
      '',
    ].join('\n'),
}

function headOf({ message, answer }: MessageRecord): string {
  const name = message.role === 'assistant' ? (answer?.model ?? 'Assistant') : (who[message.role] ?? message.role)
  return answer?.status === 'partial' ? `${name} (partial)` : name
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign)
}
