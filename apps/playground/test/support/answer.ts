import type { Message } from '@deltawire/browser'
import { demoAnswer } from '@deltawire/cli/playground'
import { accumulate, reasoningOf, textOf } from '@deltawire/core'

/** What a lane shows of an answer. */
export interface Shown {
  readonly text: string
  readonly reasoning: string
  readonly args: string
}

/** The sum of the script: what every lane has to show in the end. */
export async function answerOfScript(): Promise<Shown> {
  const { completion } = await accumulate(
    (async function* () {
      yield* demoAnswer()
    })(),
  )
  const choice = completion?.choices[0]
  const call = choice?.message.tool_calls?.[0]
  return {
    text: textOf(choice),
    reasoning: reasoningOf(choice),
    args: call?.type === 'function' ? call.function.arguments : '',
  }
}

/** The same of a message. */
export function shownOf({ parts }: Message): Shown {
  const joined = (type: 'reasoning' | 'text'): string =>
    parts.map((part) => (part.type === type ? part.text : '')).join('')
  return {
    text: joined('text'),
    reasoning: joined('reasoning'),
    args: parts.map((part) => (part.type === 'tool-call' ? part.argsText : '')).join(''),
  }
}
