import { type ChatCompletion, createJsonReader, textOf } from '@deltawire/core'
import type { ChatStream } from './chat-stream.ts'
import { jsonSchemaOf, type JsonSchemaOptions } from './json-schema-of.ts'
import {
  checkSchema,
  type DeepPartial,
  type InputOf,
  type Issue,
  type OutputOf,
  type StandardSchema,
} from './standard-schema.ts'
import { streamChatCompletion, type StreamChatCompletionOptions, type StreamRequest } from './stream-chat-completion.ts'

/** The schema of an answer, and whatever `streamChatCompletion` takes. */
export interface StructuredOptions<S extends StandardSchema> extends StreamChatCompletionOptions, JsonSchemaOptions {
  /** Of zod, valibot, arktype or any other library of Standard Schema. */
  schema: S
  /**
   * What the schema is called: letters, digits, `_` and `-`. The model reads it.
   *
   * @defaultValue `answer`
   */
  name?: string | undefined
  /** What the answer is for. The model reads it. */
  description?: string | undefined
}

/** The answer as a value, or why it is none and what was answered instead. */
export type StructuredResult<Value> =
  | { status: 'valid'; value: Value; text: string; completion: ChatCompletion }
  | {
      status: 'invalid'
      /** At least one: of the schema, of the JSON, a refusal, or why the stream broke. */
      issues: readonly Issue[]
      /** What the model wrote, or what arrived of it. */
      text: string
      completion: ChatCompletion | null
      /** Why the stream broke; `null` when the answer is complete and not what was asked for. */
      error: Error | null
    }

/**
 * Asks for an answer that follows a schema.
 *
 * Iterate over it to see the value grow; `result` validates it at the end. The request's own `response_format` stands, for
 * servers that know only `{ type: 'json_object' }`.
 *
 * ```ts
 * const answer = streamStructured(request, { schema: z.object({ city: z.string(), sights: z.array(z.string()) }) })
 * for await (const { city, sights } of answer) render(city ?? '', sights ?? [])
 * const result = await answer.result()
 * ```
 *
 * @throws TypeError at once for a schema that cannot be sent
 */
export function streamStructured<const S extends StandardSchema>(
  request: StreamRequest,
  options: StructuredOptions<S>,
): StructuredStream<S> {
  const { schema, name = 'answer', description, jsonSchema, strict, ...rest } = options
  checkSchema(schema, 'schema', 'schema')
  const response_format = request.response_format ?? {
    type: 'json_schema' as const,
    json_schema: {
      name,
      ...(description !== undefined && { description }),
      ...jsonSchemaOf(schema, { jsonSchema, strict }),
    },
  }
  return new StructuredStream(streamChatCompletion({ ...request, response_format }, rest), schema)
}

/** An answer that follows a schema, while it arrives and when it is there. */
export class StructuredStream<S extends StandardSchema> implements AsyncIterable<DeepPartial<InputOf<S>>> {
  /** The answer as it is, to be read as well. */
  readonly stream: ChatStream
  readonly #schema: S

  constructor(stream: ChatStream, schema: S) {
    this.stream = stream
    this.#schema = schema
  }

  /**
   * What has arrived of the value, each time that it has grown: not validated, and shared where it has not changed.
   *
   * Ends early where the text stops being JSON: `result` tells.
   *
   * @throws as the stream does
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<DeepPartial<InputOf<S>>, void, undefined> {
    let reader = createJsonReader()
    let last: unknown
    for await (const { choices } of this.stream) {
      const choice = choices.find(({ index }) => index === 0)
      if (choice === undefined) continue
      if (choice.whole_message !== undefined) reader = createJsonReader()
      reader.push(textOf(choice))
      const value = reader.snapshot()
      if (value === last || value === undefined) continue
      last = value
      // Of what the schema describes, if the model keeps to it: that is what partial means.
      yield value as DeepPartial<InputOf<S>>
    }
  }

  /** The value, validated. Rejects only if the schema itself throws. */
  async result(): Promise<StructuredResult<OutputOf<S>>> {
    const { completion, error } = await this.stream.result()
    const text = textOf(completion ?? undefined)
    const invalid = (issues: readonly Issue[]): StructuredResult<OutputOf<S>> => ({
      status: 'invalid',
      issues,
      text,
      completion,
      error,
    })
    if (error !== null || completion === null) return invalid([{ message: error?.message ?? 'there is no answer' }])
    const choice = completion.choices[0]
    const { refusal } = choice?.message ?? {}
    if (refusal) return invalid([{ message: `the model refused: ${refusal}` }])
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (reason) {
      const cut = choice?.finish_reason === 'length' ? ' (the answer was cut at the token limit)' : ''
      return invalid([{ message: `the answer is not JSON: ${(reason as SyntaxError).message}${cut}` }])
    }
    const validated = await this.#schema['~standard'].validate(value)
    if (validated.issues !== undefined) return invalid(validated.issues)
    return { status: 'valid', value: validated.value as OutputOf<S>, text, completion }
  }
}
