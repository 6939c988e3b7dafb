import type { Engine } from '../../src/index.ts'

/** What a store does with one call. */
export type Fault =
  /** It is not reached. */
  | 'unreached'
  /** It does what is asked, and its answer is lost. */
  | 'answer lost'

/** Puts faults before a store: `faultOf` is asked for each call that writes. */
export function faultyEngine(engine: Engine, faultOf: (call: keyof Engine) => Fault | undefined): Engine {
  async function through<T>(call: keyof Engine, work: () => Promise<T>): Promise<T> {
    const fault = faultOf(call)
    if (fault === 'unreached') throw new Error('the store is not reached')
    const answer = await work()
    if (fault === 'answer lost') throw new Error('the answer is lost')
    return answer
  }
  return {
    ...engine,
    create: (stream) => through('create', () => engine.create(stream)),
    append: (id, addition) => through('append', () => engine.append(id, addition)),
    compact: (id, snapshot) => through('compact', () => engine.compact(id, snapshot)),
    renew: (leases) => through('renew', () => engine.renew(leases)),
    restore: (state, lease) => through('restore', () => engine.restore(state, lease)),
    takeOver: (id, lease) => through('takeOver', () => engine.takeOver(id, lease)),
    read: (id) => through('read', () => engine.read(id)),
    attach: (id, listener) => through('attach', () => engine.attach(id, listener)),
    flag: (id, name, value) => through('flag', () => engine.flag(id, name, value)),
    list: (which, limit) => through('list', () => engine.list(which, limit)),
  }
}
