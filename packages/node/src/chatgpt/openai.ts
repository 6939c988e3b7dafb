import type * as core from '@deltawire/core'

/** The wire as the ancestor described it, under its names. Ours are in `@deltawire/core`, and tell more. */
export declare namespace openai {
  // Imported one by one, they would mean themselves once the declarations are bundled.
  type CreateChatCompletionDeltaResponse = core.CreateChatCompletionDeltaResponse
  type CreateCompletionResponseUsage = core.CreateCompletionResponseUsage

  interface ChatCompletionRequestMessage {
    role: core.Role
    content: string
    name?: string
  }

  interface ChatCompletionResponseMessage {
    role: core.Role
    content: string
  }

  interface CreateChatCompletionRequest {
    model: string
    messages: ChatCompletionRequestMessage[]
    temperature?: number | null
    top_p?: number | null
    n?: number | null
    stream?: boolean | null
    stop?: string[] | string
    max_tokens?: number
    presence_penalty?: number | null
    frequency_penalty?: number | null
    logit_bias?: object | null
    user?: string
  }

  interface CreateChatCompletionResponse {
    id: string
    object: string
    created: number
    model: string
    choices: CreateChatCompletionResponseChoicesInner[]
    usage?: CreateCompletionResponseUsage
  }

  interface CreateChatCompletionResponseChoicesInner {
    index?: number
    message?: ChatCompletionResponseMessage
    finish_reason?: string
  }
}
