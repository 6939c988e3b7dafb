export { aiSdkTransport } from './ai/ai-sdk-transport.ts'
export type { AiSdkTransportOptions } from './ai/ai-sdk-transport.ts'
