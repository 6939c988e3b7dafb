import { repairs } from '@deltawire/core/repairs'
import type { Client, Rule, Severity } from './rule.ts'

type RepairName = keyof typeof repairs

interface Consequence {
  readonly severity: Severity
  readonly effect: string
  readonly breaks?: readonly Client[]
}

const all: readonly Client[] = ['openai-node', 'openai-python', 'Vercel AI SDK', 'LangChain.js']
const byIndex: readonly Client[] = ['openai-node', 'openai-python', 'LangChain.js']

/**
 * The repairs of the normalizer from the other side: what becomes of each oddity in a client that does not repair it.
 *
 * A repair without a line here does not compile. `breaks` was measured.
 */
const consequences: Readonly<Record<RepairName, Consequence>> = {
  'id-not-text': {
    severity: 'warning',
    effect: 'clients that check types refuse the chunk',
    breaks: ['Vercel AI SDK'],
  },
  'id-missing': {
    severity: 'info',
    effect: 'the answer has no id, or the one of the chunk that came first',
    breaks: ['openai-python'],
  },
  'id-changed': {
    severity: 'warning',
    effect: 'clients that take a new id for a new answer begin again in the middle',
    breaks: ['openai-node'],
  },
  'created-not-seconds': {
    severity: 'warning',
    effect: 'clients that check types refuse the chunk',
    breaks: ['Vercel AI SDK'],
  },
  'created-changed': { severity: 'info', effect: 'the time of the answer depends on which chunk a client looks at' },
  'model-changed': { severity: 'info', effect: 'the model of the answer depends on which chunk a client looks at' },
  'object-unexpected': {
    severity: 'warning',
    effect: 'clients that look at object skip the chunk',
    breaks: ['openai-python'],
  },
  obfuscation: { severity: 'info', effect: 'none: the official server sends it, and stream_options can leave it out' },
  'fingerprint-null': { severity: 'info', effect: 'clients with strict types refuse null where a text is specified' },
  'usage-empty': { severity: 'warning', effect: 'clients take it for usage, and the real one is lost', breaks: all },
  'usage-elsewhere': { severity: 'warning', effect: 'clients see no usage', breaks: all },
  'finish-reason-empty': {
    severity: 'warning',
    effect: 'clients that ask for "not null" think that the answer has ended',
  },
  'text-completion': { severity: 'error', effect: 'clients of chat completions see no text', breaks: all },
  'text-beside-delta': { severity: 'info', effect: 'clients that keep unknown fields keep the text twice' },
  'message-beside-delta': {
    severity: 'warning',
    effect: 'clients that keep unknown fields put it in place of the message that they have collected',
    breaks: ['openai-node'],
  },
  'message-instead-of-delta': {
    severity: 'error',
    effect: 'clients that read deltas see no text in it',
    breaks: ['Vercel AI SDK', 'LangChain.js', 'openai-python'],
  },
  'delta-missing': {
    severity: 'error',
    effect: 'clients that read choices[0].delta.content fail with a TypeError',
    breaks: ['LangChain.js', 'openai-python'],
  },
  'usage-in-choice': { severity: 'warning', effect: 'clients see no usage', breaks: all },
  'audio-end-without-finish-reason': {
    severity: 'info',
    effect: 'clients that wait for a finish reason call the answer incomplete',
  },
  'logprobs-unusable': {
    severity: 'warning',
    effect: 'clients that read logprobs.content fail',
    breaks: ['openai-python'],
  },
  'logprobs-partial': { severity: 'info', effect: 'clients with strict types miss a key' },
  'delta-index': { severity: 'info', effect: 'clients that keep unknown fields carry it in the message' },
  'role-empty': {
    severity: 'warning',
    effect: 'clients end with a message that has no role',
    breaks: ['openai-node'],
  },
  'content-empty-list': { severity: 'warning', effect: 'clients that join texts write an empty list into the text' },
  'content-parts-loose': {
    severity: 'error',
    effect: 'clients that join texts write [object Object] into the text',
    breaks: byIndex,
  },
  'text-not-text': { severity: 'error', effect: 'clients that check types refuse the chunk; others write its value' },
  'function-call-empty': { severity: 'info', effect: 'clients that only look whether the key is there see a call' },
  'function-call-odd': { severity: 'warning', effect: 'clients that join every piece repeat the name' },
  'audio-unusable': { severity: 'error', effect: 'clients fail, or write the word "null" into the sound' },
  'audio-padded': {
    severity: 'info',
    effect: 'clients that join the pieces as text get base64 with padding in the middle; many decoders stop there',
  },
  cumulative: { severity: 'error', effect: 'clients append: the text is repeated with every chunk', breaks: all },
  'tool-calls-object': { severity: 'error', effect: 'clients fail or see no tool call', breaks: all },
  'tool-index-missing': { severity: 'error', effect: 'clients fail, or make one call of several', breaks: byIndex },
  'tool-index-reused': {
    severity: 'error',
    effect: 'clients that go by the index make one call of several, its arguments {…}{…}',
    breaks: byIndex,
  },
  'tool-index-drift': { severity: 'error', effect: 'clients open calls without a name', breaks: byIndex },
  'tool-call-without-name': { severity: 'error', effect: 'clients fail, or have a call that nobody can run' },
  'tool-id-changed': {
    severity: 'error',
    effect: 'clients that go by the id open a new call for every piece; others keep the last id',
    breaks: byIndex,
  },
  'tool-name-repeated': {
    severity: 'warning',
    effect: 'clients that join texts make "namename" of it; others see a new call',
    breaks: ['openai-python'],
  },
  'tool-name-in-pieces': {
    severity: 'error',
    effect: 'clients keep the first piece of the name, or the last',
    breaks: ['openai-node', 'Vercel AI SDK', 'LangChain.js'],
  },
  'tool-name-changed': { severity: 'error', effect: 'clients call another tool than the one that was meant' },
  'tool-type-missing': {
    severity: 'warning',
    effect: 'clients that need a type fail at the end',
    breaks: ['openai-node'],
  },
  'tool-arguments-object': {
    severity: 'error',
    effect: 'clients that join texts make [object Object] of the arguments',
    breaks: all,
  },
  'tool-arguments-placeholder': { severity: 'error', effect: 'clients make {}{…} of the arguments' },
  'tool-arguments-echo': { severity: 'error', effect: 'clients make {…}{…} of the arguments' },
  'tool-call-unusable': { severity: 'error', effect: 'clients fail with a TypeError' },
  'choice-unusable': { severity: 'error', effect: 'clients fail with a TypeError' },
}

/** The catalogue of the normalizer as rules. */
export const repairRules: Readonly<Record<RepairName, Rule>> = Object.fromEntries(
  // Names come from the one table, consequences from the other, and both have all of them.
  (Object.keys(repairs) as RepairName[]).map((name) => {
    const { about, source } = repairs[name]
    return [name, { about, source, ...consequences[name] }]
  }),
) as Record<RepairName, Rule>
