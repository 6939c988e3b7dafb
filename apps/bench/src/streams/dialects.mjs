// How the chunks of each provider look, as its recordings show them: one entry for each, of what differs from the
// official chunk. Keys stand in the order in which they are sent. What a field holds is made up.
import { word, words } from './words.mjs'

const SAFE = { filtered: false, severity: 'safe' }
const FILTERS = { hate: SAFE, self_harm: SAFE, sexual: SAFE, violence: SAFE }
const NULLS = { function_call: null, refusal: null, role: null, tool_calls: null }
const USAGE = (count) => ({ prompt_tokens: 9, completion_tokens: count, total_tokens: count + 9 })
const CITATIONS = Array.from({ length: 6 }, (_, at) => `https://example.com/articles/${at}/how-streams-are-summed`)

/** Filler of changing length, which some servers add against guessing. */
const filler = (next) => 'abcdefghijklmnopqrstuvwxyz012345'.slice(next(30))

/** Half of the deltas are reasoning. */
const early = (at, count) => at < count / 2

/**
 * What a provider's chunks have. Functions are asked for each delta.
 *
 * @typedef {object} Dialect
 * @property {string} about what is peculiar
 * @property {object} [head] keys before `choices`
 * @property {(at: number) => object} [grows] keys before `choices` that change
 * @property {object} [choice] keys of the choice beside index and delta
 * @property {boolean} [bare] no `finish_reason` until there is one
 * @property {(text: string, at: number, count: number) => object} [delta] `{ content: text }`
 * @property {(text: string) => object} [beside] keys of the choice that say the same again
 * @property {number} [tokens] how many tokens come at once; 1
 * @property {(next: (n: number) => number, at: number) => object} [tail] keys after `choices`
 * @property {'own chunk' | 'last chunk' | 'each chunk'} [usage] where it comes
 * @property {import('./frames.mjs').Framing} [framing]
 */

const reasoningContent = (text, at, count) =>
  early(at, count) ? { content: null, reasoning_content: text } : { content: text, reasoning_content: null }

const reasoningDetails = (name) => (text, at, count) =>
  early(at, count)
    ? {
        role: 'assistant',
        content: '',
        [name]: text,
        reasoning_details: [{ type: 'reasoning.text', text, format: 'unknown', index: 0 }],
      }
    : { role: 'assistant', content: text, [name]: null }

/** What SDKs write that give every key of their type. */
const dumped = {
  delta: (text) => ({ content: text, ...NULLS }),
  choice: { logprobs: null },
  tail: () => ({ service_tier: null, system_fingerprint: null, usage: null }),
}

/** @type {Record<string, Dialect>} */
const TABLE = {
  openai: {
    about: 'padding of changing length, fingerprint, service tier',
    head: { service_tier: 'default', system_fingerprint: 'fp_29330a9688' },
    choice: { logprobs: null },
    tail: (next) => ({ usage: null, obfuscation: filler(next).slice(16) }),
  },
  openrouter: {
    about: 'comments, reasoning in two fields, native_finish_reason',
    head: { provider: 'Hosted' },
    choice: { native_finish_reason: null },
    delta: reasoningDetails('reasoning'),
    usage: 'last chunk',
    framing: { comment: 'OPENROUTER PROCESSING' },
  },
  mistral: { about: 'filler in `p`', tail: (next) => ({ p: filler(next) }), usage: 'last chunk' },
  'azure-openai': {
    about: 'content filter results in each choice',
    choice: { logprobs: null, content_filter_results: FILTERS },
    tail: (next) => ({
      system_fingerprint: 'fp_af7f7349a4',
      service_tier: null,
      usage: null,
      obfuscation: filler(next).slice(16),
    }),
  },
  xai: {
    about: '`created` changes, no finish_reason before the last',
    bare: true,
    grows: (at) => ({ created: 1759505255 + Math.floor(at / 60) }),
    tail: () => ({ system_fingerprint: 'fp_9362061f30' }),
  },
  deepseek: {
    about: 'reasoning_content, null beside content',
    head: { system_fingerprint: 'fp_393bca965e_prod' },
    choice: { logprobs: null },
    delta: reasoningContent,
    usage: 'last chunk',
  },
  groq: {
    about: '`created` changes',
    head: { system_fingerprint: 'fp_1bbe7845ec' },
    choice: { logprobs: null },
    grows: (at) => ({ created: 1759844707 + Math.floor(at / 100) }),
    usage: 'last chunk',
  },
  zai: {
    about: 'no object, role in each delta, reasoning_content',
    head: { object: undefined },
    bare: true,
    delta: (text, at, count) => ({ role: 'assistant', [early(at, count) ? 'reasoning_content' : 'content']: text }),
    usage: 'last chunk',
  },
  ollama: {
    about: 'role in each delta, reasoning beside empty content',
    head: { system_fingerprint: 'fp_ollama' },
    delta: (text, at, count) => ({
      role: 'assistant',
      ...(early(at, count) ? { content: '', reasoning: text } : { content: text }),
    }),
  },
  'alibaba-dashscope': {
    about: 'null role, several tokens per chunk',
    bare: true,
    tokens: 4,
    delta: (text) => ({ content: text, role: null }),
    tail: () => ({ usage: null }),
  },
  'huggingface-router': {
    about: 'role and name in each delta',
    bare: true,
    delta: (text) => ({ role: 'assistant', content: text, name: 'assistant' }),
  },
  'llama.cpp': {
    about: 'reasoning_content, timings at the end',
    delta: (text, at, count) => ({ [early(at, count) ? 'reasoning_content' : 'content']: text }),
    tail: () => ({ system_fingerprint: 'b10499-6d05498' }),
  },
  'vercel-ai-gateway': {
    about: 'reasoning summaries in two fields',
    choice: { logprobs: null },
    delta: (text, at, count) =>
      early(at, count)
        ? {
            reasoning: text,
            reasoning_details: [
              { type: 'reasoning.summary', summary: text, id: 'rs_03be', format: 'openai-responses-v1', index: 0 },
            ],
          }
        : { content: text },
    tail: () => ({ system_fingerprint: 'fp_kdnof6qzzm' }),
    usage: 'last chunk',
  },
  cerebras: {
    about: 'no finish_reason before the last, no [DONE]',
    bare: true,
    tail: () => ({ system_fingerprint: 'fp_8a8c0bd8448557718491' }),
    usage: 'last chunk',
    framing: { done: false },
  },
  doubleword: {
    about: 'reasoning_content and reasoning_details',
    bare: true,
    delta: reasoningDetails('reasoning_content'),
    usage: 'last chunk',
  },
  'ibm-watsonx': {
    about: 'model_id, model_version, created_at',
    ...dumped,
    tail: () => ({
      ...dumped.tail(),
      model_id: 'some/model',
      model_version: '3.3.0',
      created_at: '2026-01-01T00:00:00.000Z',
    }),
  },
  'aws-bedrock': {
    about: 'padding, every key there and null',
    ...dumped,
    tail: (next) => ({ ...dumped.tail(), obfuscation: filler(next) }),
  },
  'azure-ai-foundry': {
    about: '`created` changes, no finish_reason before the last',
    bare: true,
    grows: (at) => ({ created: 1787150115 + Math.floor(at / 50) }),
    tail: () => ({ system_fingerprint: 'fp_49c5j0a323', service_tier: 'default' }),
  },
  'github-copilot': {
    about: 'content filter results, no object',
    head: { object: undefined },
    bare: true,
    choice: { content_filter_results: FILTERS },
    tail: () => ({ system_fingerprint: 'fp_b705f0c291' }),
    usage: 'last chunk',
  },
  gpustack: {
    about: '`created` changes, reasoning_content, no [DONE]',
    grows: (at) => ({ created: 1780944873 + Math.floor(at / 40) }),
    delta: (text, at, count) => ({ [early(at, count) ? 'reasoning_content' : 'content']: text }),
    tail: () => ({ usage: null }),
    usage: 'last chunk',
    framing: { done: false },
  },
  databricks: {
    about: 'usage in each chunk, growing',
    delta: (text) => ({ role: 'assistant', content: text }),
    usage: 'each chunk',
  },
  'huggingface-tgi': {
    about: 'no space after `data:`, text_completion, `created` changes',
    head: { object: 'text_completion', system_fingerprint: '1.4.4-sha-6c4496a' },
    grows: (at) => ({ created: 1712154498 + Math.floor(at / 30) }),
    delta: (text) => ({ role: 'assistant', content: text }),
    framing: { field: 'data:', done: false },
  },
  together: {
    about: 'token ids, the text again beside the delta',
    choice: { seed: null, logprobs: null },
    delta: (text, at) => ({ role: 'assistant', content: text, token_id: (at * 7919) % 128_000, ...NULLS }),
    beside: (text) => ({ text }),
    tail: () => ({ usage: null }),
    usage: 'last chunk',
  },
  vllm: {
    about: 'reasoning, token_ids null',
    choice: { logprobs: null, token_ids: null },
    delta: (text, at, count) => ({ [early(at, count) ? 'reasoning' : 'content']: text }),
  },
  'ollama-cloud': {
    about: '`created` changes',
    head: { system_fingerprint: 'fp_ollama' },
    grows: (at) => ({ created: 1786615910 + Math.floor(at / 80) }),
  },
  'aws-bedrock-mantle': {
    about: 'reasoning, padding, every key there and null',
    ...dumped,
    delta: (text, at, count) => ({
      content: early(at, count) ? null : text,
      ...NULLS,
      ...(early(at, count) && { reasoning: text }),
    }),
    tail: (next) => ({ ...dumped.tail(), obfuscation: filler(next) }),
  },
  venice: {
    about: 'reasoning_content null',
    choice: { logprobs: null },
    delta: (text) => ({ content: text, reasoning_content: null, role: null, tool_calls: null }),
    tail: () => ({ service_tier: 'default', usage: null }),
    usage: 'last chunk',
  },
  fireworks: { about: 'usage in each chunk, growing', ...dumped, usage: 'each chunk' },
  avian: {
    about: 'spaced JSON, reasoning in two fields',
    choice: { native_finish_reason: null },
    delta: reasoningDetails('reasoning_content'),
    usage: 'last chunk',
    framing: { spaced: true },
  },
  'github-models': {
    about: 'empty content filter results, padding',
    choice: { logprobs: null, content_filter_results: {} },
    tail: (next) => ({
      obfuscation: filler(next).slice(16),
      system_fingerprint: 'fp_f99638a8d7',
      usage: null,
    }),
  },
  perplexity: {
    about: 'CRLF, spaced JSON, citations and growing usage in each chunk',
    head: { citations: CITATIONS },
    delta: (text) => ({ role: 'assistant', content: text }),
    usage: 'each chunk',
    framing: { spaced: true, end: '\r\n\r\n', done: false },
  },
  'cloudflare-workers-ai': { about: 'no role, no finish_reason before the last', bare: true, usage: 'last chunk' },
  'google-gemini': {
    about: 'a sentence per chunk, role in each delta',
    bare: true,
    tokens: 24,
    delta: (text) => ({ content: text, role: 'assistant' }),
    usage: 'last chunk',
  },
  writer: {
    about: 'a message beside the delta',
    choice: { logprobs: null },
    delta: (text) => ({ content: text, role: 'assistant', tool_calls: null, refusal: null }),
    beside: (text) => ({ message: { content: text, role: 'assistant', tool_calls: null, refusal: null } }),
    framing: { done: false },
  },
  ai21: {
    about: 'CRLF, spaced JSON, no object',
    head: { object: undefined, created: undefined, model: undefined },
    choice: { logprobs: null },
    usage: 'last chunk',
    framing: { spaced: true, end: '\r\n\r\n' },
  },
  aihubmix: {
    about: 'as OpenAI, without padding',
    tail: () => ({ service_tier: 'default', system_fingerprint: 'fp_eb37e061ec' }),
  },
  'anthropic-compat': { about: 'a few tokens per chunk', tokens: 6 },
  crusoe: { about: 'token_ids null', choice: { logprobs: null, token_ids: null } },
  'litellm-proxy': {
    about: 'stream_options in each chunk',
    bare: true,
    tail: () => ({ stream_options: { include_usage: true } }),
    usage: 'last chunk',
  },
  'mistral.rs': {
    about: 'reasoning_content, role in each delta',
    choice: { logprobs: null },
    delta: (text, at, count) => ({ ...reasoningContent(text, at, count), role: 'assistant', tool_calls: null }),
    tail: () => ({ system_fingerprint: 'local', usage: null }),
    usage: 'last chunk',
  },
  'opencode-zen': {
    about: 'spaced JSON, reasoning_content, no object',
    choice: { logprobs: null },
    delta: (text, at, count) => ({ role: 'assistant', ...reasoningContent(text, at, count), tool_calls: null }),
    tail: () => ({ usage: null }),
    usage: 'last chunk',
    framing: { spaced: true },
  },
  'snowflake-cortex': {
    about: 'empty id, logprobs of nulls',
    head: { id: '' },
    bare: true,
    tokens: 12,
    choice: { logprobs: { content: null, refusal: null } },
    delta: (text) => ({ content: text, refusal: '', role: 'assistant', tool_calls: null }),
    tail: () => ({ service_tier: '', system_fingerprint: '' }),
  },
}

const content = (text) => ({ content: text })
const nothing = () => ({})

/** @returns {import('./shape.mjs').Shape} */
function shapeOf({
  about,
  head,
  grows = nothing,
  choice,
  bare = false,
  delta = content,
  beside = nothing,
  tokens = 1,
  tail = nothing,
  usage = 'own chunk',
  framing,
}) {
  const envelope = { id: 'chatcmpl-2506db33de44962f', object: 'chat.completion.chunk', created: 1772001509, model: 'm' }
  const chunk = (choices, at, next, rest) => ({
    ...envelope,
    ...head,
    ...grows(at),
    choices,
    ...tail(next, at),
    ...rest,
  })
  const zero = () => 0
  const unfinished = bare ? {} : { finish_reason: null }
  return {
    about,
    framing,
    open: () => [chunk([{ index: 0, delta: { role: 'assistant', content: '' }, ...choice, ...unfinished }], 0, zero)],
    delta(at, next, count) {
      const text = tokens === 1 ? word(next) : words(next, tokens)
      const one = { index: 0, delta: delta(text, at, count), ...beside(text), ...choice, ...unfinished }
      return chunk([one], at, next, usage === 'each chunk' ? { usage: USAGE(at) } : undefined)
    },
    close(count) {
      const end = (rest) => chunk([{ index: 0, delta: {}, ...choice, finish_reason: 'stop' }], count, zero, rest)
      return usage === 'own chunk'
        ? [end(), chunk([], count, zero, { usage: USAGE(count) })]
        : [end({ usage: USAGE(count) })]
    },
  }
}

export const DIALECTS = Object.fromEntries(Object.entries(TABLE).map(([name, dialect]) => [name, shapeOf(dialect)]))
