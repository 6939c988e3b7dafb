import { isObject, type Repairs } from './repair.ts'
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

  obfuscation: (chunk) => 'obfuscation' in chunk && delete chunk['obfuscation'],

  'fingerprint-null': (chunk) => chunk['system_fingerprint'] === null && delete chunk['system_fingerprint'],

  'usage-empty'(chunk) {
    const { usage } = chunk
    if (usage === undefined || usage === null || (isObject(usage) && Object.keys(usage).length > 0)) return false
    delete chunk['usage']
    return true
  },

  'usage-elsewhere'(chunk, stream) {
    const { usage, x_groq } = chunk
    if (isObject(usage)) stream.hasUsage = true
    if (stream.hasUsage || !isObject(x_groq) || !isObject(x_groq['usage'])) return false
    chunk['usage'] = x_groq['usage']
    return true
  },
} satisfies Repairs<StreamState>
