import { joinBase64, splitPadding } from './base64.ts'
import { type ChoiceRepair, isObject } from './repair.ts'

/** Oddities of one entry of `choices`, outside its delta. By the time a table ends, `delta` is an object. */
export const choiceRepairs: readonly ChoiceRepair[] = [
  {
    name: 'finish-reason-empty',
    about: 'finish_reason was absent, empty or no text (xAI, Bedrock, Perplexity): it says nothing',
    source: 'https://github.com/danny-avila/LibreChat/pull/5563',
    cases: ['081'],
    apply(choice) {
      const reason = choice['finish_reason']
      if (reason === null || (typeof reason === 'string' && reason !== '')) return false
      choice['finish_reason'] = null
      return reason !== undefined
    },
  },
  {
    name: 'text-completion',
    about: 'a legacy text completion: its text is the content',
    source: 'https://github.com/openai/openai-openapi/blob/main/openapi.yaml',
    cases: [],
    apply(choice) {
      if (typeof choice['text'] !== 'string' || isObject(choice['delta']) || isObject(choice['message'])) return false
      choice['delta'] = { content: choice['text'] }
      delete choice['text']
      return true
    },
  },
  {
    name: 'text-beside-delta',
    about: 'text repeated the content of the delta (Together)',
    source: 'https://github.com/togethercomputer/openapi/pull/27',
    cases: ['120'],
    apply: (choice) => typeof choice['text'] === 'string' && delete choice['text'],
  },
  {
    name: 'message-beside-delta',
    about: 'a growing message came beside the delta and repeats it (Perplexity)',
    source: 'https://github.com/perplexityai/api-discussion/issues/209',
    cases: ['075'],
    apply: (choice) =>
      (isObject(choice["delta"]) || !isObject(choice['message'])) &&
      "message" in choice &&
      delete choice["message"],
  },
  {
    name: 'message-instead-of-delta',
    about: 'a whole message came instead of a delta (MiniMax, proxies that ignore stream)',
    source: 'https://github.com/GCWing/OpenBitFun/pull/792',
    cases: ['076', '077'],
    apply(choice, state) {
      if (!isObject(choice['message'])) return false
      // Nothing to replace: then it is the first delta, and readers that follow deltas see it.
      if (!state.begun) {
        choice['delta'] = choice['message']
        delete choice['message']
      }
      return true
    },
  },
  {
    name: 'delta-missing',
    about: 'delta was null or missing (Bifrost, Azure)',
    source: 'https://github.com/pydantic/pydantic-ai/blob/main/pydantic_ai_slim/pydantic_ai/models/openai.py',
    cases: ['104'],
    apply(choice) {
      if (isObject(choice['delta'])) return false
      choice['delta'] = typeof choice['delta'] === 'string' ? { content: choice['delta'] } : {}
      return true
    },
  },
  {
    name: 'usage-in-choice',
    about: 'usage came inside a choice (Moonshot)',
    source: 'https://github.com/earendil-works/pi/issues/2017',
    cases: ['095'],
    apply: (choice) => 'usage' in choice && delete choice['usage'],
  },
  {
    name: 'audio-end-without-finish-reason',
    about: 'audio ended with expires_at and no finish_reason follows (OpenAI audio models): the choice ends with "stop"',
    source: 'https://github.com/openai/openai-node/pull/1991',
    cases: ['008'],
    apply(choice, state) {
      const delta = choice['delta']
      if (choice['finish_reason'] !== null || state.finished || !isObject(delta) || !isObject(delta['audio'])) return false
      if (typeof delta['audio']['expires_at'] !== 'number') return false
      choice['finish_reason'] = 'stop'
      return true
    },
  },
  {
    name: 'logprobs-unusable',
    about: 'logprobs was a number or a list, which the format cannot hold (Together)',
    source: 'https://github.com/togethercomputer/openapi/pull/27',
    cases: ['120'],
    warns: true,
    apply(choice) {
      const { logprobs } = choice
      if (logprobs === undefined || logprobs === null || isObject(logprobs)) return false
      choice['logprobs'] = null
      return true
    },
  },
  {
    name: 'logprobs-partial',
    about: 'logprobs came without content or refusal (Ollama, vLLM, llama.cpp, SGLang)',
    source: 'https://github.com/ollama/ollama/blob/main/openai/openai.go',
    cases: ['121'],
    apply(choice) {
      const logprobs = choice['logprobs']
      if (!isObject(logprobs)) return false
      const { content, refusal } = logprobs
      if (isListOrNull(content) && isListOrNull(refusal)) return false
      choice['logprobs'] = {
        ...logprobs,
        content: Array.isArray(content) ? content : null,
        refusal: Array.isArray(refusal) ? refusal : null,
      }
      return true
    },
  },
]

/** Oddities of a partial message, outside its tool calls. The part is the delta. */
export const deltaRepairs: readonly ChoiceRepair[] = [
  {
    name: 'delta-index',
    about: 'a stray index came inside the delta (GLM at Mistral)',
    source: 'https://github.com/vercel/ai/blob/main/packages/mistral/src/__fixtures__/mistral-incremental-tool-call.chunks.txt',
    cases: ['079'],
    apply: (delta) => 'index' in delta && delete delta['index'],
  },
  {
    name: 'role-empty',
    about: 'role was null, empty or no text (MiniMax, Cloudflare): it says nothing',
    source: 'https://github.com/MiniMax-AI/MiniMax-M2.5/issues/2',
    cases: ['054', '057'],
    apply: (delta) =>
      'role' in delta && (typeof delta['role'] !== 'string' || delta['role'] === '') && delete delta['role'],
  },
  {
    name: 'content-empty-list',
    about: 'content was an empty list: it says nothing',
    source: 'https://github.com/databricks/appkit/pull/559',
    cases: [],
    apply: (delta) => Array.isArray(delta['content']) && delta['content'].length === 0 && delete delta['content'],
  },
  {
    name: 'content-parts-loose',
    about: 'content held a part outside a list, or text between parts',
    source: 'https://github.com/meilisearch/meilisearch/pull/6327',
    cases: ['064'],
    apply(delta) {
      const { content } = delta
      if (isObject(content)) delta['content'] = [content]
      else if (Array.isArray(content) && !content.every(isObject))
        delta['content'] = content
          .filter((part) => part !== null)
          .map((part) => (isObject(part) ? part : { type: 'text', text: textOf(part) }))
      else return false
      return true
    },
  },
  {
    name: 'text-not-text',
    about: 'content, refusal or reasoning was a number or boolean; it is kept as text',
    source: 'https://github.com/vercel/ai/blob/main/packages/openai-compatible/src/chat/openai-compatible-chat-language-model.test.ts',
    cases: [],
    warns: true,
    apply(delta) {
      let changed = false
      for (const field of ['content', 'refusal', 'reasoning', 'reasoning_content'])
        if (typeof delta[field] === 'number' || typeof delta[field] === 'boolean') {
          delta[field] = textOf(delta[field])
          changed = true
        }
      return changed
    },
  },
  {
    name: 'function-call-empty',
    about: 'function_call was null or no object: it says nothing',
    source: 'https://github.com/microsoft/foundry-local/issues/144',
    cases: ['054'],
    apply: (delta) => 'function_call' in delta && !isObject(delta['function_call']) && delete delta['function_call'],
  },
  {
    name: 'function-call-odd',
    about: 'the legacy function_call repeated its name or sent arguments as a value',
    source: 'https://github.com/openai/openai-openapi/blob/main/openapi.yaml',
    cases: ['005'],
    apply(delta, state) {
      const call = delta['function_call']
      if (!isObject(call)) return false
      const { name, arguments: text, ...rest } = call
      const told = typeof name === 'string' && name !== '' && name !== state.functionName
      const known = state.functionName
      if (told) state.functionName = known === '' || name.startsWith(known) ? name : known + name
      const text_ = text === undefined || text === null ? undefined : typeof text === 'string' ? text : JSON.stringify(text)
      const same = (told ? name === state.functionName : name === undefined) && text_ === text
      if (same) return false
      delta['function_call'] = { ...rest, ...(told && { name: state.functionName }), ...(text_ !== undefined && { arguments: text_ }) }
      return true
    },
  },
  {
    name: 'audio-unusable',
    about: 'audio was no object, or its data or transcript no text',
    source: 'https://github.com/openai/openai-node/pull/1991',
    cases: [],
    apply(delta) {
      const { audio } = delta
      if (audio === undefined || audio === null) return false
      if (!isObject(audio)) return delete delta['audio']
      const odd = ['id', 'data', 'transcript'].filter((field) => field in audio && typeof audio[field] !== 'string')
      if (odd.length === 0) return false
      delta['audio'] = Object.fromEntries(Object.entries(audio).filter(([field]) => !odd.includes(field)))
      return true
    },
  },
  {
    name: 'audio-padded',
    about: 'each fragment of audio was padded base64 of its own; they are joined by their bytes',
    source: 'https://github.com/openai/openai-node/blob/main/src/resources/chat/completions/completions.ts',
    cases: ['009'],
    apply(delta, state) {
      const audio = isObject(delta['audio']) ? delta['audio'] : undefined
      const data = audio?.['data']
      if (typeof data !== 'string' || (state.audioTail === '' && !data.endsWith('='))) return false
      const [whole, tail] = splitPadding(state.audioTail === '' ? data : joinBase64(state.audioTail, data))
      state.audioTail = tail
      delta['audio'] = { ...audio, data: whole }
      return true
    },
  },
  {
    name: 'cumulative',
    about: 'every delta repeated the text so far (DashScope with incremental_output=false)',
    source: 'https://github.com/QwenLM/qwen-code/pull/3896',
    cases: ['073'],
    apply(delta, state) {
      if (state.stream.options.cumulative !== true) return false
      let changed = false
      for (const field of ['content', 'refusal', 'reasoning', 'reasoning_content']) {
        const text = delta[field]
        if (typeof text !== 'string') continue
        const known = state.texts.get(field) ?? ''
        if (!text.startsWith(known)) continue
        state.texts.set(field, text)
        delta[field] = text.slice(known.length)
        changed ||= known !== ''
      }
      return changed
    },
  },
]

const isListOrNull = (value: unknown): boolean => value === null || Array.isArray(value)

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
