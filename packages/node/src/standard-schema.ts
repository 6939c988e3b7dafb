/**
 * What zod, valibot, arktype and others have in common: https://standardschema.dev
 *
 * Written out, as the specification suggests, so that nobody has to install its types.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
    readonly validate: (value: unknown) => Promise<StandardResult<Output>> | StandardResult<Output>
    /** Only where a library can: zod from 4.2, arktype from 2.1.28, valibot by `@valibot/to-json-schema`. */
    readonly jsonSchema?: JsonSchemaConverter | undefined
  }
}

interface JsonSchemaConverter {
  readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>
}

/** What a schema says of a value: what it became, or why it is not valid. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] }

/**
 * A schema of a caller, or a `TypeError` that shows one: a JSON Schema in its place validates nothing.
 *
 * @param name what it is called where it was given
 */
export function checkSchema(schema: StandardSchema | undefined, name: string, key: string): void {
  if (schema?.['~standard'] === undefined)
    throw new TypeError(
      `${name} must be one of zod, valibot, arktype or another library of Standard Schema, as in { ${key}: z.object({ city: z.string() }) }`,
    )
}

/** Why a value is not valid, and where. */
export interface Issue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a model writes for a schema. */
export type InputOf<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input']

/** What validating makes of it. */
export type OutputOf<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']

/** A value while it arrives: any member may be missing yet. */
export type DeepPartial<T> = T extends readonly (infer Item)[]
  ? DeepPartial<Item>[]
  : T extends object
    ? { [Key in keyof T]?: DeepPartial<T[Key]> }
    : T

/** An issue as one sentence: `address.city: expected a string`. */
export function sentenceOf({ message, path = [] }: Issue): string {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`
}
