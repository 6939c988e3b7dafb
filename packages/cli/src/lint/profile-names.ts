/** The profiles of lint, without what they say: every start reads the flags of all commands. */
export const profileNames = [
  'openai',
  'azure',
  'vllm',
  'llama.cpp',
  'ollama',
  'openrouter',
  'mistral',
  'gemini',
  'dashscope',
  'zai',
  'cerebras',
  'openai-node',
  'openai-python',
  'ai-sdk',
  'langchain',
  'lenient',
] as const

export type ProfileName = (typeof profileNames)[number]
