import { type ChunkRepair, isObject } from './repair.ts'

/**
 * Oddities of the envelope: everything of a chunk but its choices.
 *
 * Identity (id, created, model) is set once and then repeated on every chunk, as officially; a chunk that says something
 * else is overruled.
 */
export const chunkRepairs: readonly ChunkRepair[] = [
  {
    name: 'id-not-text',
    about: 'the id was a number (NVIDIA GLM, AiHubMix)',
    source: 'https://github.com/diegosouzapw/OmniRoute/issues/3426',
    cases: ['106'],
    apply(chunk) {
      const { id } = chunk
      if (typeof id === 'string') return false
      chunk['id'] = typeof id === 'number' ? String(id) : ''
      return typeof id === 'number'
    },
  },
  {
    name: 'id-missing',
    about: 'a chunk came without the id of its stream (Azure, Moonshot, minimal servers)',
    source: 'https://github.com/microsoft/semantic-kernel/issues/7250',
    cases: ['102', '107'],
    apply(chunk, stream) {
      if (chunk['id'] !== '') {
        stream.id ||= chunk['id'] as string
        return false
      }
      chunk['id'] = stream.id
      return true
    },
  },
  {
    name: 'id-changed',
    about: 'the id changed within the stream; the first one stands (LiteLLM, Foundry Local)',
    source: 'https://github.com/BerriAI/litellm/issues/1571',
    cases: ['105'],
    apply(chunk, stream) {
      if (chunk['id'] === stream.id) return false
      chunk['id'] = stream.id
      return true
    },
  },
  {
    name: 'created-not-seconds',
    about: 'created was not a whole number of seconds (SambaNova)',
    source: 'https://github.com/BoundaryML/baml/pull/1746',
    cases: ['108', '109'],
    apply(chunk) {
      const { created } = chunk
      if (Number.isSafeInteger(created)) return false
      const seconds = typeof created === 'string' && created.trim() !== '' ? Number(created) : created
      chunk['created'] = typeof seconds === 'number' && Number.isFinite(seconds) ? Math.floor(seconds) : 0
      return created !== undefined && created !== null
    },
  },
  {
    name: 'created-changed',
    about: 'created changed within the stream; the first one stands (xAI, Groq, Perplexity)',
    source: 'https://github.com/vercel/ai/blob/main/packages/xai/src/__fixtures__/xai-text.chunks.txt',
    cases: ['110'],
    apply(chunk, stream) {
      stream.created ||= chunk['created'] as number
      if (chunk['created'] === stream.created) return false
      chunk['created'] = stream.created
      return true
    },
  },
  {
    name: 'model-changed',
    about: 'the model changed or was missing; the first one stands (routers with fallback, Azure)',
    source: 'https://github.com/vercel/ai/blob/main/packages/openai/src/chat/__fixtures__/azure-model-router.1.chunks.txt',
    cases: ['102', '107', '111'],
    apply(chunk, stream) {
      const model = typeof chunk['model'] === 'string' ? chunk['model'] : ''
      stream.model ||= model
      if (chunk['model'] === stream.model) return false
      chunk['model'] = stream.model
      return model !== ''
    },
  },
  {
    name: 'object-unexpected',
    about: 'object was not "chat.completion.chunk" (Azure, TGI, Perplexity): a chunk is known by its choices',
    source: 'https://github.com/huggingface/text-generation-inference/pull/1648',
    cases: ['076', '077', '102', '112'],
    apply(chunk) {
      const { object } = chunk
      chunk['object'] = 'chat.completion.chunk'
      return object !== 'chat.completion.chunk' && object !== undefined
    },
  },
  {
    name: 'obfuscation',
    about: 'padding against traffic analysis, which is no part of the answer (OpenAI)',
    source: 'https://github.com/openai/openai-openapi/blob/main/openapi.yaml',
    cases: ['001'],
    apply: (chunk) => 'obfuscation' in chunk && delete chunk['obfuscation'],
  },
  {
    name: 'fingerprint-null',
    about: 'system_fingerprint was null (Azure)',
    source: 'https://github.com/openai/openai-openapi/blob/main/openapi.yaml',
    cases: ['001'],
    apply: (chunk) => chunk['system_fingerprint'] === null && delete chunk['system_fingerprint'],
  },
  {
    name: 'usage-empty',
    about: 'usage was an empty object (LiteLLM) or no object: it says nothing',
    source: 'https://github.com/BerriAI/litellm/issues/1571',
    cases: ['097'],
    apply(chunk) {
      const { usage } = chunk
      if (usage === undefined || usage === null || (isObject(usage) && Object.keys(usage).length > 0)) return false
      delete chunk['usage']
      return true
    },
  },
  {
    name: 'usage-elsewhere',
    about: 'usage came inside another field (older Groq: x_groq)',
    source: 'https://github.com/Portkey-AI/gateway/blob/main/src/providers/groq/chatComplete.ts',
    cases: ['096'],
    apply(chunk, stream) {
      const { usage, x_groq } = chunk
      if (isObject(usage)) stream.hasUsage = true
      if (stream.hasUsage || !isObject(x_groq) || !isObject(x_groq['usage'])) return false
      chunk['usage'] = x_groq['usage']
      return true
    },
  },
]
