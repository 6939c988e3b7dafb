import { NOW, STREAM, TELL } from './script-words.ts'

/** Takes over: node, epoch, leaseMs, liveTtlMs. */
const takeOver = `${NOW}
${STREAM}
${TELL}
local _, _, node, epoch, leaseMs, ttlMs = unpack(ARGV)
local have = redis.call('HMGET', state, 'fence', 'end', 'lease', 'lin', 'o', 'topic')
if not have[1] or have[2] or tonumber(have[3]) > now then return false end
local fence = redis.call('HINCRBY', state, 'fence', 1)
local lineage = have[4] .. ',' .. epoch .. ':' .. have[5]
redis.call('HSET', state, 'node', node, 'e', epoch, 'lin', lineage, 'lease', int(now + leaseMs))
for _, key in ipairs({ state, log, flags, P .. 't:' .. have[6] }) do redis.call('PEXPIRE', key, ttlMs) end
redis.call('ZADD', P .. 'leases', now + leaseMs, id)
tell('e|' .. lineage)
return fence`

/** Renews: prefix, leaseMs, liveTtlMs, then an id and a fence for each. Gives the ids that are not ours. */
const renew = `${NOW}
local P, leaseMs, ttlMs = unpack(ARGV, 1, 3)
local others = {}
for i = 4, #ARGV, 2 do
  local id = ARGV[i]
  local state = P .. 's:' .. id
  local have = redis.call('HMGET', state, 'fence', 'end', 'topic')
  if have[1] == ARGV[i + 1] and not have[2] then
    redis.call('HSET', state, 'lease', int(now + leaseMs))
    redis.call('ZADD', P .. 'leases', now + leaseMs, id)
    for _, key in ipairs({ state, P .. 'l:' .. id, P .. 'f:' .. id, P .. 't:' .. have[3] }) do
      redis.call('PEXPIRE', key, ttlMs)
    end
  else table.insert(others, id) end
end
return others`

/**
 * Brings back: node, fence, leaseMs, liveTtlMs, keyTtlMs, key's key, digest, owner, key, request, topic, orphan, createdAt,
 * lineage, epoch, base, sum, number of flags, then names and values of the flags, then the chunks.
 */
const restore = `${NOW}
${STREAM}
${TELL}
local _, _, node, fence, leaseMs, ttlMs, keyTtlMs, place, digest, owner, key, request, topic, orphan, at, lineage, epoch,
  base, sum, count = unpack(ARGV, 1, 20)
local have = redis.call('HMGET', state, 'fence', 'node')
if have[1] and tonumber(have[1]) >= tonumber(fence) then return (have[1] == fence and have[2] == node) and 1 or 0 end
redis.call('DEL', state, log, flags)
for i = 21, 20 + 2 * count, 2 do redis.call('HSET', flags, ARGV[i], ARGV[i + 1]) end
local o = tonumber(base)
for i = 21 + 2 * count, #ARGV do
  o = o + 1
  redis.call('XADD', log, int(o) .. '-0', 'c', ARGV[i])
end
redis.call('HSET', state, 'own', owner, 'key', key, 'req', request, 'topic', topic, 'orph', orphan, 'at', at, 'lin', lineage,
  'e', epoch, 'o', int(o), 'base', base, 'fence', fence, 'node', node, 'lease', int(now + leaseMs), 'nf', count)
if base ~= '0' then redis.call('HSET', state, 'sum', sum) end
for _, one in ipairs({ state, log, flags }) do redis.call('PEXPIRE', one, ttlMs) end
if redis.call('EXISTS', place) == 0 then
  redis.call('HSET', place, 'id', id, 'digest', digest)
  redis.call('PEXPIRE', place, keyTtlMs)
end
redis.call('ZADD', P .. 'leases', now + leaseMs, id)
redis.call('ZADD', P .. 'all', at, id)
if topic ~= '' then
  redis.call('ZADD', P .. 't:' .. topic, at, id)
  redis.call('PEXPIRE', P .. 't:' .. topic, ttlMs)
end
tell('r|')
return 1`

/** Who holds a stream: the words of nodes that keep it, take it from one that died, or bring it back to a store that lost it. */
export const LEASE_SCRIPTS = { takeOver, renew, restore } as const
