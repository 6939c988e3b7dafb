import { type ChatCompletion, textOf, type CreateChatCompletionStreamResponse } from '@deltawire/core'
import type { Usage } from '../usage-estimate.ts'
import type { openai } from './openai.ts'

type Detail = openai.CreateChatCompletionResponse | CreateChatCompletionStreamResponse

/**
 * An answer as the ancestor's `detail`, with everything that the server sent in it.
 *
 * After a stream the ancestor had its last chunk there, whose delta is empty, and a usage that was always an estimate. It
 * still is a chunk for those who look at `object` and `delta`; the delta has the whole text, `message` beside it the
 * whole message, and `estimated` is only true when it is.
 */
export function detailOf(completion: ChatCompletion, usage: Usage, isStream: boolean): Detail {
  const choices = completion.choices.map((choice) => {
    const { role } = choice.message
    return isStream ? { ...choice, delta: { role, content: textOf(choice) } } : choice
  })
  const object = isStream ? 'chat.completion.chunk' : completion.object
  // The ancestor's types have no null in `content` and `finish_reason`, which the wire has.
  return { ...completion, object, choices, usage } as Detail
}
