import { isEmpty, isObject } from '../is-object.ts'
import { dropped, type Repairs } from './repair.ts'
import type { StreamState } from './state.ts'

/**
 * Oddities of the envelope: everything of a chunk but its choices.
 *
 * Identity (id, created, model) is set once and then repeated on every chunk, as officially; a chunk that says something
 * else is overruled.
 */
export const chunkRepairs = {
  'id-not-text'(chunk) {
    const { id } = chunk
    if (typeof id === 'string') return false
    chunk['id'] = typeof id === 'number' ? String(id) : ''
    return typeof id === 'number'
  },

  'id-missing'(chunk, stream) {
    if (chunk['id'] !== '') {
      stream.id ||= chunk['id'] as string
      return false
    }
    chunk['id'] = stream.id
    return true
  },

  'id-changed'(chunk, stream) {
    if (chunk['id'] === stream.id) return false
    chunk['id'] = stream.id
    return true
  },

  'created-not-seconds'(chunk) {
    const { created } = chunk
    if (Number.isSafeInteger(created)) return false
    const seconds = typeof created === 'string' && created.trim() !== '' ? Number(created) : created
    chunk['created'] = typeof seconds === 'number' && Number.isFinite(seconds) ? Math.floor(seconds) : 0
    return created !== undefined && created !== null
  },

  'created-changed'(chunk, stream) {
    stream.created ||= chunk['created'] as number
    if (chunk['created'] === stream.created) return false
    chunk['created'] = stream.created
    return true
  },

  'model-changed'(chunk, stream) {
    const model = typeof chunk['model'] === 'string' ? chunk['model'] : ''
    stream.model ||= model
    if (chunk['model'] === stream.model) return false
    chunk['model'] = stream.model
    return model !== ''
  },

  'object-unexpected'(chunk) {
    const { object } = chunk
    chunk['object'] = 'chat.completion.chunk'
    return object !== 'chat.completion.chunk' && object !== undefined
  },

  obfuscation: /* @__PURE__ */ dropped('obfuscation', () => true),

  'fingerprint-null': /* @__PURE__ */ dropped('system_fingerprint', (value) => value === null),

  'usage-empty': /* @__PURE__ */ dropped('usage', (usage) => usage !== null && (!isObject(usage) || isEmpty(usage))),

  'usage-elsewhere'(chunk, stream) {
    const { usage, x_groq } = chunk
    if (isObject(usage)) stream.hasUsage = true
    if (stream.hasUsage || !isObject(x_groq) || !isObject(x_groq['usage'])) return false
    chunk['usage'] = x_groq['usage']
    return true
  },
} satisfies Repairs<StreamState>
