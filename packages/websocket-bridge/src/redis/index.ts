export { createRedisEngine } from './create-redis-engine.ts'
export type { RedisEngineOptions } from './create-redis-engine.ts'
