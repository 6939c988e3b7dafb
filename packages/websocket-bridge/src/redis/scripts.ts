import { LEASE_SCRIPTS } from './lease-scripts.ts'
import { LIST_SCRIPTS } from './list-scripts.ts'
import { STREAM_SCRIPTS } from './stream-scripts.ts'

/** Gives the mark of the store, and makes it where there is none: prefix. */
const mark = `local place, time = ARGV[1] .. 'mark', redis.call('TIME')
local mark = redis.call('GET', place)
if mark then return mark end
redis.call('SET', place, time[1] .. '.' .. time[2])
return redis.call('GET', place)`

/**
 * What happens in the store, each script at once and whole.
 *
 * Keys, after the prefix: `s:<id>` the state of a stream, `l:<id>` its log (a stream whose ids are offsets, `<offset>-0`),
 * `f:<id>` its flags, `k:<owner and key>` which stream a key has, `t:<topic>` the live streams of a topic, `leases` live
 * streams by when their lease ends, `all` streams by when they began, `o:<word>` words that were said, `mark` which life of
 * the store this is. Channels: `c:<id>` what happens to a stream, `u:<topic>` which streams begin and end.
 *
 * The state: `own` `key` `req` `topic` `orph` `at` as they were made; `lin` the epochs as `e:fork,e:fork`, `e` the last of
 * them; `o` the last offset, `base` and `sum` what was compacted; `fence` `node` `lease` who holds it, until when; `end`;
 * `nf` how many flags there are.
 */
export const SCRIPTS = { ...STREAM_SCRIPTS, ...LEASE_SCRIPTS, ...LIST_SCRIPTS, mark } as const

export type ScriptName = keyof typeof SCRIPTS
