import type { RepairName } from './normalize.ts'
import type { Warning } from './warning.ts'

/** One provider's oddity, as a person or a linter wants to know it. */
export interface RepairNote {
  /** What is odd, as a sentence that names the providers. */
  about: string
  /** Where it was reported or is specified. */
  source: string
  /** The numbers of its cases (`testkit/cases`). */
  cases: readonly string[]
}

/**
 * Every repair of the normalizer, by the name that warnings carry.
 *
 * An entry of its own (`@deltawire/core/repairs`), so that reading streams does not cost the size of a manual. A repair
 * without a note does not compile.
 */
export const repairs: Readonly<Record<RepairName, RepairNote>> = {
  'id-not-text': {
    about: 'the id was a number (NVIDIA GLM, AiHubMix)',
    source: 'https://github.com/diegosouzapw/OmniRoute/issues/3426',
    cases: ['106'],
  },
  'id-missing': {
    about: 'a chunk came without the id of its stream (Azure, Moonshot, minimal servers)',
    source: 'https://github.com/microsoft/semantic-kernel/issues/7250',
    cases: ['102', '107'],
  },
  'id-changed': {
    about: 'the id changed within the stream; the first one stands (LiteLLM, Foundry Local)',
    source: 'https://github.com/BerriAI/litellm/issues/1571',
    cases: ['105'],
  },
  'created-not-seconds': {
    about: 'created was not a whole number of seconds (SambaNova)',
    source: 'https://github.com/BoundaryML/baml/pull/1746',
    cases: ['108', '109'],
  },
  'created-changed': {
    about: 'created changed within the stream; the first one stands (xAI, Groq, Perplexity)',
    source: 'https://github.com/vercel/ai/blob/main/packages/xai/src/__fixtures__/xai-text.chunks.txt',
    cases: ['110'],
  },
  'model-changed': {
    about: 'the model changed within the stream; the first one stands (routers with fallback)',
    source:
      'https://github.com/vercel/ai/blob/main/packages/openai/src/chat/__fixtures__/azure-model-router.1.chunks.txt',
    cases: ['111'],
  },
  'object-unexpected': {
    about: 'object was not "chat.completion.chunk" (Azure, TGI, Perplexity): a chunk is known by its choices',
    source: 'https://github.com/huggingface/text-generation-inference/pull/1648',
    cases: ['076', '077', '102', '112'],
  },
  obfuscation: {
    about: 'padding against traffic analysis, which is no part of the answer (OpenAI)',
    source: 'https://github.com/openai/openai-openapi/blob/main/openapi.yaml',
    cases: ['001'],
  },
  'fingerprint-null': {
    about: 'system_fingerprint was null (Azure)',
    source: 'https://github.com/openai/openai-openapi/blob/main/openapi.yaml',
    cases: ['261'],
  },
  'usage-empty': {
    about: 'usage was an empty object (LiteLLM) or no object: it says nothing',
    source: 'https://github.com/BerriAI/litellm/issues/1571',
    cases: ['097'],
  },
  'usage-elsewhere': {
    about: 'usage came inside another field (older Groq: x_groq)',
    source: 'https://github.com/Portkey-AI/gateway/blob/main/src/providers/groq/chatComplete.ts',
    cases: ['096'],
  },
  'finish-reason-empty': {
    about: 'finish_reason was empty or no text: it says nothing',
    source: 'https://github.com/danny-avila/LibreChat/pull/5563',
    cases: ['231', '232'],
  },
  'text-completion': {
    about: 'a legacy text completion: its text is the content',
    source: 'https://github.com/openai/openai-openapi/blob/main/openapi.yaml',
    cases: ['241'],
  },
  'text-beside-delta': {
    about: 'text repeated the content of the delta (Together)',
    source: 'https://github.com/togethercomputer/openapi/pull/27',
    cases: ['120'],
  },
  'message-beside-delta': {
    about: 'a growing message came beside the delta and repeats it (Perplexity)',
    source: 'https://github.com/perplexityai/api-discussion/issues/209',
    cases: ['075'],
  },
  'message-instead-of-delta': {
    about: 'a whole message came instead of a delta (MiniMax, proxies that ignore stream)',
    source: 'https://github.com/GCWing/OpenBitFun/pull/792',
    cases: ['076', '077', '229'],
  },
  'delta-missing': {
    about: 'delta was null or missing (Bifrost, Azure)',
    source: 'https://github.com/pydantic/pydantic-ai/blob/main/pydantic_ai_slim/pydantic_ai/models/openai.py',
    cases: ['104'],
  },
  'usage-in-choice': {
    about: 'usage came inside a choice (Moonshot)',
    source: 'https://github.com/earendil-works/pi/issues/2017',
    cases: ['095'],
  },
  'audio-end-without-finish-reason': {
    about:
      'audio ended with expires_at and no finish_reason follows (OpenAI audio models): the choice ends with "stop"',
    source: 'https://github.com/openai/openai-node/pull/1991',
    cases: ['008'],
  },
  'logprobs-unusable': {
    about: 'logprobs was a number or a list, which the format cannot hold (Together)',
    source: 'https://github.com/togethercomputer/openapi/pull/27',
    cases: ['120'],
  },
  'logprobs-partial': {
    about: 'logprobs came without content or refusal (Ollama, vLLM, llama.cpp, SGLang)',
    source: 'https://github.com/ollama/ollama/blob/main/openai/openai.go',
    cases: ['121', '240'],
  },
  'delta-index': {
    about: 'a stray index came inside the delta (GLM at Mistral)',
    source:
      'https://github.com/vercel/ai/blob/main/packages/mistral/src/__fixtures__/mistral-incremental-tool-call.chunks.txt',
    cases: ['079'],
  },
  'role-empty': {
    about: 'role was null, empty or no text (MiniMax, Cloudflare): it says nothing',
    source: 'https://github.com/MiniMax-AI/MiniMax-M2.5/issues/2',
    cases: ['054', '057'],
  },
  'content-empty-list': {
    about: 'content was an empty list: it says nothing',
    source: 'https://github.com/databricks/appkit/pull/559',
    cases: ['222'],
  },
  'content-parts-loose': {
    about: 'content held a part outside a list, or text between parts',
    source: 'https://github.com/meilisearch/meilisearch/pull/6327',
    cases: ['262'],
  },
  'text-not-text': {
    about: 'content, refusal or reasoning was no text; it is kept as text',
    source:
      'https://github.com/vercel/ai/blob/main/packages/openai-compatible/src/chat/openai-compatible-chat-language-model.test.ts',
    cases: ['263'],
  },
  'function-call-empty': {
    about: 'function_call was null or no object: it says nothing',
    source: 'https://github.com/microsoft/foundry-local/issues/144',
    cases: ['054'],
  },
  'function-call-odd': {
    about: 'the legacy function_call repeated its name or sent arguments as a value',
    source: 'https://github.com/openai/openai-openapi/blob/main/openapi.yaml',
    cases: ['220'],
  },
  'audio-unusable': {
    about: 'audio was no object, or its data or transcript no text',
    source: 'https://github.com/openai/openai-node/pull/1991',
    cases: ['264'],
  },
  'audio-padded': {
    about: 'each fragment of audio was padded base64 of its own; they are joined by their bytes',
    source: 'https://github.com/openai/openai-node/blob/main/src/resources/chat/completions/completions.ts',
    cases: ['009', '228'],
  },
  cumulative: {
    about: 'every delta repeated the text so far (DashScope with incremental_output=false)',
    source: 'https://github.com/QwenLM/qwen-code/pull/3896',
    cases: ['073'],
  },
  'tool-calls-object': {
    about: 'tool_calls was an object (Hugging Face TGI)',
    source: 'https://github.com/huggingface/text-generation-inference/issues/2794',
    cases: ['038'],
  },
  'tool-index-missing': {
    about: 'a tool call came without a usable index (Gemini, Mistral, Ollama)',
    source: 'https://github.com/ollama/ollama/issues/7881',
    cases: ['016', '019', '167', '201', '203'],
  },
  'tool-index-reused': {
    about: 'a new tool call came at the index of another (LMDeploy, Dynamo, Ollama)',
    source: 'https://github.com/InternLM/lmdeploy/issues/3412',
    cases: ['021', '022', '034'],
  },
  'tool-index-drift': {
    about: 'arguments came at an index that no call was opened at (Nebius, Cerebras)',
    source: 'https://github.com/dirac-run/dirac/pull/215',
    cases: ['033', '209'],
  },
  'tool-call-without-name': {
    about: 'arguments came before any tool call was opened',
    source: 'https://github.com/dirac-run/dirac/pull/215',
    cases: ['265'],
  },
  'tool-id-changed': {
    about: 'the id of a tool call changed; the first one stands (Poolside, LiteLLM)',
    source: 'https://github.com/poolsideai/pool/issues/9',
    cases: ['027', '028'],
  },
  'tool-name-repeated': {
    about: 'the name of a tool call was repeated (NVIDIA NIM, vLLM)',
    source: 'https://github.com/vllm-project/vllm/issues/44098',
    cases: ['047', '206'],
  },
  'tool-name-in-pieces': {
    about: 'the name of a tool call came in pieces (Gemini through gateways)',
    source: 'https://github.com/continuedev/continue/pull/5849',
    cases: ['040', '041'],
  },
  'tool-name-changed': {
    about: 'the name of a tool call changed after its arguments began; the first one stands',
    source: 'https://github.com/sigoden/aichat/blob/main/src/client/openai.rs',
    cases: ['266'],
  },
  'tool-type-missing': {
    about: 'a tool call came without a type (Azure AI Foundry, Mistral)',
    source: 'https://github.com/vercel/ai/blob/main/packages/openai/src/chat/openai-chat-language-model.test.ts',
    cases: ['051'],
  },
  'tool-arguments-object': {
    about: 'arguments came as a value instead of text (MiniMax, llama.cpp, TGI)',
    source: 'https://github.com/ggml-org/llama.cpp/issues/20198',
    cases: ['042'],
  },
  'tool-arguments-placeholder': {
    about: 'arguments began with the placeholder {} (Bedrock)',
    source: 'https://github.com/openai/openai-agents-js/pull/712',
    cases: ['211', '212', '213'],
  },
  'tool-arguments-echo': {
    about: 'complete arguments were sent a second time',
    source: 'https://github.com/maximhq/bifrost/issues/191',
    cases: ['215'],
  },
  'tool-call-unusable': {
    about: 'an entry of tool_calls was not an object and was left out',
    source: 'https://github.com/openai/openai-node/blob/main/tests/lib/chat-completion-stream.index-validation.test.ts',
    cases: ['267'],
  },
  'choice-unusable': {
    about: 'an entry of choices was not an object and was left out',
    source: 'https://github.com/openai/openai-node/blob/main/tests/lib/chat-completion-stream.index-validation.test.ts',
    cases: ['239'],
  },
}

/** What a warning of a stream says, as a sentence for a person. */
export function explain({ code, excerpt }: Warning): string {
  return code === 'event-skipped' ? `an event was not JSON: ${excerpt}` : repairs[code].about
}
