import * as z from 'zod/mini'

/** Any JSON: options go into the request as they are. */
const json = z.json()
const name = z.string().check(z.minLength(1))
const duration = z.union([z.number().check(z.nonnegative()), z.string().check(z.regex(/^\d+(?:\.\d+)?(?:ms|s|m|h)$/))])

const profile = z.strictObject({
  baseUrl: z.optional(z.url({ protocol: /^https?$/ })),
  model: z.optional(name),
  /** A command that prints the key: a line for the shell, or words. */
  keyCmd: z.optional(z.union([name, z.array(z.string()).check(z.minLength(1))])),
  keyEnv: z.optional(name),
  keyFile: z.optional(name),
  /** The key is in the keyring of the system: `deltawire keys set`. */
  keyring: z.optional(z.boolean()),
  /** The header that carries the key instead of `authorization`. */
  keyHeader: z.optional(name),
  organization: z.optional(name),
  project: z.optional(name),
  headers: z.optional(z.record(z.string(), z.string())),
  options: z.optional(z.record(z.string(), json)),
  connectTimeout: z.optional(duration),
  firstTimeout: z.optional(duration),
  idleTimeout: z.optional(duration),
  timeout: z.optional(duration),
  retries: z.optional(z.int().check(z.nonnegative())),
  proxy: z.optional(name),
  caFile: z.optional(name),
})

const price = z.strictObject({
  in: z.number().check(z.nonnegative()),
  cachedIn: z.optional(z.number().check(z.nonnegative())),
  out: z.number().check(z.nonnegative()),
})

/** What a project may say: nothing that leads a key elsewhere, and nothing that runs. */
const harmless = {
  model: z.optional(name),
  system: z.optional(z.string()),
  template: z.optional(name),
  options: z.optional(z.record(z.string(), json)),
}

export const projectConfig = z.strictObject({ $schema: z.optional(z.string()), ...harmless })

export const userConfig = z.strictObject({
  $schema: z.optional(z.string()),
  ...harmless,
  profile: z.optional(name),
  profiles: z.optional(z.record(name, profile)),
  /** `fast` for `profile/model` or for a model. */
  aliases: z.optional(z.record(z.string(), name)),
  /** Per million tokens, by `profile/model` or model. None is built in: they would be wrong within a month. */
  prices: z.optional(z.record(z.string(), price)),
  store: z.optional(z.boolean()),
  render: z.optional(z.enum(['md', 'text'])),
  reasoning: z.optional(z.enum(['hide', 'show'])),
  usage: z.optional(z.boolean()),
})

export type UserConfig = z.infer<typeof userConfig>
export type ProjectConfig = z.infer<typeof projectConfig>
export type Profile = z.infer<typeof profile>
export type Price = z.infer<typeof price>

/** The JSON Schema of the user's file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(userConfig)
}
