import type { ProfileName } from './profile-names.ts'
import type { Client } from './rule.ts'
import { ruleOf, type RuleName } from './rules.ts'

/** Whose expectations a stream is held to. */
export type Profile =
  /** Of somebody who knows this server: what it always does is no news. Each habit was seen in recordings of it. */
  | { readonly habits: readonly RuleName[] }
  /** Of a client: what it was seen to fail at. */
  | { readonly client: Client }
  /** Of a reader that mends what can be mended: where something is lost all the same. */
  | { readonly loses: readonly RuleName[] }

export const profiles = {
  openai: { habits: [] },
  azure: { habits: ['object-unexpected', 'role-empty'] },
  vllm: { habits: ['role-empty', 'tool-id-empty'] },
  // Its recordings are as the official server's.
  'llama.cpp': { habits: [] },
  ollama: { habits: ['role-repeated'] },
  openrouter: { habits: ['role-repeated', 'finish-reason-repeated', 'tool-entry-empty'] },
  mistral: { habits: ['tool-type-missing', 'tool-index-missing', 'content-parts'] },
  gemini: { habits: ['tool-index-missing', 'tool-id-missing'] },
  dashscope: {
    habits: ['role-empty', 'role-repeated', 'tool-id-empty', 'tool-id-repeated', 'tool-entry-empty'],
  },
  zai: { habits: ['role-repeated', 'finish-reason-repeated'] },
  cerebras: { habits: ['done-missing'] },
  'openai-node': { client: 'openai-node' },
  'openai-python': { client: 'openai-python' },
  'ai-sdk': { client: 'Vercel AI SDK' },
  langchain: { client: 'LangChain.js' },
  lenient: {
    loses: [
      'no-chunk',
      'not-json',
      'error-in-stream',
      'incomplete',
      'limit-exceeded',
      'invalid-utf8',
      'status-not-ok',
      'connection-broke',
      'unknown-line',
      'after-done',
      'not-a-chunk',
      'finish-reason-missing',
      'usage-missing',
      'tool-arguments-not-json',
      'tool-call-without-name',
      'tool-call-unusable',
      'choice-unusable',
      'text-not-text',
      'audio-unusable',
    ],
  },
} as const satisfies Record<ProfileName, Profile>

/** Whether somebody with this profile wants to hear of a breach of the rule. */
export function isNews(rule: RuleName, name: ProfileName): boolean {
  const profile: Profile = profiles[name]
  if ('habits' in profile) return !profile.habits.includes(rule)
  if ('loses' in profile) return profile.loses.includes(rule)
  return ruleOf(rule).breaks?.includes(profile.client) === true
}
