import { createMemoryEngine } from '../src/index.ts'
import { describeEngine } from './describe-engine.ts'
import { handClock } from './support/hand-clock.ts'

describeEngine('the memory engine', {
  times: { leaseMs: 10_000, liveTtlMs: 3_600_000, endedTtlMs: 900_000, keyTtlMs: 86_400_000 },
  async create(times) {
    const clock = handClock()
    const engine = createMemoryEngine({ ...times, clock })
    return {
      engine,
      // Nodes of one process may share it.
      other: engine,
      pass: async (ms) => clock.advance(ms),
      lose: async (id) => engine.lose(id),
      close: () => engine.close(),
    }
  },
})
