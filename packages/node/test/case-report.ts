import { isStreamError, reasoningOf, type StreamErrorCode, textOf, type Accumulated } from '@deltawire/core'
import { type Case, type CaseError, type Difference, matchesExpected } from '@deltawire/testkit'

/** All that a case says about its reading. */
export interface CaseReport {
  differences: Difference[]
  error: Partial<CaseError> | undefined
  complete: boolean
  /** Only where the case words them. */
  text?: string | null
  reasoning?: string | null
}

/** What has been read of a case, as far as the case speaks of it. To be compared with {@link reportWanted}. */
export function reportOf({ completion, complete, error }: Omit<Accumulated, 'warnings'>, example: Case): CaseReport {
  return {
    differences: matchesExpected(completion, example),
    error: wordsOf(error, example.expect_error),
    complete,
    ...(example.expected_text !== undefined && { text: completion && textOf(completion) }),
    ...(example.expected_reasoning !== undefined && { reasoning: completion && reasoningOf(completion) }),
  }
}

export function reportWanted({ expect_error, expected_text, expected_reasoning }: Case): CaseReport {
  return {
    differences: [],
    error: expect_error,
    complete: expect_error === undefined,
    ...(expected_text !== undefined && { text: expected_text }),
    ...(expected_reasoning !== undefined && { reasoning: expected_reasoning }),
  }
}

/** Which of our codes stand for what the cases distinguish. */
const kinds: { [C in StreamErrorCode]?: CaseError['kind'] } = {
  upstream_error: 'api',
  invalid_json: 'protocol',
  no_chunk: 'protocol',
  incomplete_stream: 'incomplete',
}

/** An error in the words of the cases, as far as the case words it. */
function wordsOf(error: Error | null, expected: CaseError | undefined): Partial<CaseError> | undefined {
  if (error === null) return undefined
  const kind = isStreamError(error) ? kinds[error.code] : undefined
  if (expected === undefined || !isStreamError(error) || kind === undefined) throw error
  // The messages of the cases are the server's own, or else a description.
  if (error.code !== 'upstream_error') return { kind, message: expected.message }
  const { message, type, code } = error.details.error
  return {
    kind,
    message,
    ...(expected.type !== undefined && type !== undefined && { type }),
    ...(expected.code !== undefined && code !== undefined && { code }),
  }
}
