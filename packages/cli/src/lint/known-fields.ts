/** The fields that are specified, level by level. What stands elsewhere is an extension of its provider. */
export const knownFields = {
  chunk: [
    'id',
    'object',
    'created',
    'model',
    'choices',
    'usage',
    'service_tier',
    'system_fingerprint',
    'obfuscation',
    'moderation',
    'error',
  ],
  choice: ['index', 'delta', 'finish_reason', 'logprobs'],
  delta: ['role', 'content', 'refusal', 'tool_calls', 'function_call', 'audio', 'annotations'],
  toolCall: ['index', 'id', 'type', 'function', 'custom'],
  function: ['name', 'arguments'],
} as const satisfies Record<string, readonly string[]>

/** Other rules speak about these. */
export const reasoningFields = ['reasoning', 'reasoning_content', 'reasoning_details', 'thinking'] as const
