import type { JsonSchema, RequestMessage } from '@deltawire/core'
import type { StreamRequest } from '@deltawire/node'
import type { Asker } from './create-asker.ts'
import type { PromptFlags } from './prompt-flags.ts'
import type { Tool } from './tools.ts'

export interface RequestParts {
  readonly body?: Readonly<Record<string, unknown>>
  readonly messages: readonly RequestMessage[]
  /** Of the template: over the configuration's, beneath the flags'. */
  readonly options?: Readonly<Record<string, unknown>>
  readonly schema?: JsonSchema | undefined
  readonly tools?: readonly Tool[]
  readonly choices?: number | undefined
}

export type RequestOptionFlags = Pick<PromptFlags, 'max-tokens' | 'option' | 'temperature'>

/** The body of the request: the configuration, the template, the whole body that was given, and the flags over all. */
export function buildRequest(
  asker: Pick<Asker, 'endpoint' | 'model' | 'options'>,
  flags: RequestOptionFlags,
  parts: RequestParts,
): StreamRequest {
  const { stream: _, ...body } = parts.body ?? {}
  const { temperature, 'max-tokens': maxTokens } = flags
  const request: Record<string, unknown> = {
    ...asker.options,
    ...parts.options,
    ...body,
    model: asker.model,
    messages: parts.messages,
    ...(parts.schema && {
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: parts.schema, strict: true } },
    }),
    ...(parts.tools &&
      parts.tools.length > 0 && {
        tools: parts.tools.map(({ definition }) => ({ type: 'function', function: definition })),
      }),
    ...(parts.choices !== undefined && { n: parts.choices }),
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { [maxTokensField(asker.endpoint?.baseURL)]: maxTokens }),
    ...Object.fromEntries(flags.option),
  }
  // What else stands in it is the server's business.
  return request as unknown as StreamRequest
}

/** The official models refuse the old name, most other servers know no other. */
export function maxTokensField(baseURL: string | undefined): 'max_completion_tokens' | 'max_tokens' {
  return baseURL?.startsWith('https://api.openai.com/') === true ? 'max_completion_tokens' : 'max_tokens'
}

/** The request as a command for a shell. The key is the variable, never the key itself. */
export function curlCommand({ endpoint }: Pick<Asker, 'endpoint'>, request: StreamRequest): string {
  const base = endpoint?.baseURL ?? 'http://127.0.0.1:8080/v1'
  const [place = '', query] = base.split('?')
  const url = `${place.replace(/\/+$/, '')}/chat/completions${query === undefined ? '' : `?${query}`}`
  const isSecret = (value: string) => endpoint?.secrets.includes(value) === true
  const headers = [
    'content-type: application/json',
    ...(endpoint === undefined || endpoint.apiKey !== '' ? ['authorization: Bearer $OPENAI_API_KEY'] : []),
    ...Object.entries(endpoint?.headers ?? {}).map(
      ([name, value]) => `${name}: ${isSecret(value) ? '$OPENAI_API_KEY' : value}`,
    ),
  ]
  const body = JSON.stringify({ ...request, stream: true })
  return [
    `curl --no-buffer ${singleQuoted(url)}`,
    ...headers.map(
      (header) => `  --header ${header.includes('$OPENAI_API_KEY') ? `"${header}"` : singleQuoted(header)}`,
    ),
    `  --data ${singleQuoted(body)}`,
  ].join(' \\\n')
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
