import { CliError } from './cli-error.ts'
import { exitCode } from './exit-code.ts'
import type { Environment } from './io.ts'

export interface Endpoint {
  readonly baseURL: string
  /** `''` when the server asks for none. */
  readonly apiKey: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The endpoint that the environment names.
 *
 * What is wrong with it is said without showing it: keys stand in these variables, also where they should not.
 */
export function endpointOf(env: Environment): Endpoint {
  const apiKey = env.OPENAI_API_KEY ?? ''
  const given = env.OPENAI_BASE_URL ?? ''
  if (given === '' && apiKey === '') {
    throw configurationError(
      'there is no endpoint to ask: set OPENAI_BASE_URL and OPENAI_API_KEY',
      'without them, -m demo:text answers from a recording, and deltawire mock serves an endpoint of its own',
    )
  }
  if (/[^\u0021-\u007E]/.test(apiKey)) {
    throw configurationError('OPENAI_API_KEY holds a space, a line end or another character that no key has')
  }
  const baseURL = given === '' ? 'https://api.openai.com/v1' : given
  const url = URL.canParse(baseURL) ? new URL(baseURL) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw configurationError('OPENAI_BASE_URL is no http URL', 'it looks like http://127.0.0.1:8080/v1')
  }
  if (url.username !== '' || url.password !== '') {
    throw configurationError('OPENAI_BASE_URL holds a name or a password', 'the key belongs into OPENAI_API_KEY')
  }
  return { baseURL, apiKey, headers: headersOf(env) }
}

function headersOf({ OPENAI_ORG_ID, OPENAI_PROJECT_ID }: Environment): Record<string, string> {
  return {
    ...(OPENAI_ORG_ID && { 'openai-organization': OPENAI_ORG_ID }),
    ...(OPENAI_PROJECT_ID && { 'openai-project': OPENAI_PROJECT_ID }),
  }
}

function configurationError(message: string, hint?: string): CliError {
  return new CliError(exitCode.configuration, message, hint)
}
