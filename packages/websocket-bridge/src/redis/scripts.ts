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

/** The time of the store, in milliseconds: clocks of nodes differ. */
const NOW = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(n) return string.format('%.0f', n) end`

/** The first two arguments of every script about a stream. */
const STREAM = `local P, id = ARGV[1], ARGV[2]
local state, log, flags = P .. 's:' .. id, P .. 'l:' .. id, P .. 'f:' .. id`

const TELL = `local function tell(message) redis.call('PUBLISH', P .. 'c:' .. id, message) end
local function announce(topic, owner, status, at, ttlMs)
  if not topic or topic == '' then return end
  local place = P .. 't:' .. topic
  if status == 'live' then
    redis.call('ZADD', place, at, id)
    redis.call('PEXPIRE', place, ttlMs)
  else redis.call('ZREM', place, id) end
  redis.call('PUBLISH', P .. 'u:' .. topic, cjson.encode({ id, owner, status, tonumber(at) }))
end`

/**
 * Makes a stream: id, epoch, node, owner, key, request, topic, orphan, digest, key's key, leaseMs, liveTtlMs, keyTtlMs, 1 if it
 * must exist.
 */
const create = `${NOW}
${STREAM}
${TELL}
local _, _, epoch, node, owner, key, request, topic, orphan, digest, place, leaseMs, ttlMs, keyTtlMs, mustExist =
  unpack(ARGV)
local known = redis.call('HMGET', place, 'id', 'digest')
local there = known[1] and redis.call('HMGET', P .. 's:' .. known[1], 'fence', 'node')
if there and there[1] then
  if known[2] ~= digest then return { 'conflict', known[1] } end
  -- The answer to the same call was lost.
  if known[1] == id and there[1] == '1' and there[2] == node then return { 'created' } end
  return { 'exists', known[1] }
end
if mustExist == '1' then return { 'absent' } end
redis.call('HSET', place, 'id', id, 'digest', digest)
redis.call('PEXPIRE', place, keyTtlMs)
redis.call('HSET', state, 'own', owner, 'key', key, 'req', request, 'topic', topic, 'orph', orphan, 'at', int(now),
  'lin', epoch .. ':0', 'e', epoch, 'o', '0', 'base', '0', 'fence', '1', 'node', node, 'lease', int(now + leaseMs), 'nf', '0')
redis.call('PEXPIRE', state, ttlMs)
redis.call('ZADD', P .. 'leases', now + leaseMs, id)
redis.call('ZADD', P .. 'all', now, id)
-- The list of all is kept short by those who make it longer: at its old end, and anywhere, as the oldest may live for long.
for _, at in ipairs({ 0, now % redis.call('ZCARD', P .. 'all') }) do
  for _, old in ipairs(redis.call('ZRANGE', P .. 'all', int(at), int(at + 1))) do
    if redis.call('EXISTS', P .. 's:' .. old) == 0 then redis.call('ZREM', P .. 'all', old) end
  end
end
announce(topic, owner, 'live', int(now), ttlMs)
return { 'created' }`

/**
 * Adds to streams: prefix, leaseMs, liveTtlMs, endedTtlMs, then for each stream its id, fence, offset expected, end or '',
 * status, lengths of the chunks or '', number of flags known, number of chunks, chunks. Gives an outcome for each, in order.
 *
 * The one script that runs for every chunk: what only the end needs is made there, which takes a third off the rest.
 */
const append = `local call, P, ttlMs, endedTtlMs = redis.call, ARGV[1], ARGV[3], ARGV[4]
local time = call('TIME')
local lease = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2])
local function add(at, first, last)
  local id, fence, expect, ending, status, lengths, known = unpack(ARGV, at, at + 6)
  local state, log, flags = P .. 's:' .. id, P .. 'l:' .. id, P .. 'f:' .. id
  local have = call('HMGET', state, 'fence', 'o', 'end', 'e', 'nf', 'base')
  local o = have[2]
  if not have[1] then return { 'lost' } end
  if have[1] ~= fence then return { 'fenced' } end
  if have[3] then return { 'ended', have[3] } end
  if o ~= expect then return { 'elsewhere', o } end
  local channel = P .. 'c:' .. id
  if first <= last then
    local place = string.format('%.0f', o + 1)
    if o == have[6] then
      call('XADD', log, place .. '-0', 'c', ARGV[first])
      call('PEXPIRE', log, ttlMs)
    -- The log may have been evicted alone.
    elseif not call('XADD', log, 'NOMKSTREAM', place .. '-0', 'c', ARGV[first]) then return { 'lost' } end
    for i = first + 1, last do
      place = string.format('%.0f', o + 1 + i - first)
      call('XADD', log, place .. '-0', 'c', ARGV[i])
    end
    o = place
    if lengths == '' then call('PUBLISH', channel, 'n|' .. have[4] .. '|' .. o)
    else
      local chunks = first == last and ARGV[first] or table.concat(ARGV, '', first, last)
      call('PUBLISH', channel, 'c|' .. have[4] .. '|' .. expect .. '|' .. lengths .. '|' .. chunks)
    end
  end
  call('HSET', state, 'o', o, 'lease', lease)
  if ending ~= '' then
    ${TELL}
    call('HSET', state, 'end', ending)
    for _, key in ipairs({ state, log, flags }) do call('PEXPIRE', key, endedTtlMs) end
    call('ZREM', P .. 'leases', id)
    tell('x|' .. o .. '|' .. ending)
    local made = call('HMGET', state, 'topic', 'own', 'at')
    announce(made[1], made[2], status, made[3])
  end
  if have[5] == known then return { 'added' } end
  return { 'added', call('HGETALL', flags) }
end
local answers, failures, at, args = {}, 0, 5, #ARGV
while at <= args do
  local last = at + 7 + ARGV[at + 7]
  -- One stream that cannot be written does not keep the others from it.
  local isDone, answer = pcall(add, at, at + 8, last)
  if not isDone then
    failures = failures + 1
    -- The store itself: it is full, or a replica.
    if failures > #answers and last == args then error(answer, 0) end
    answer = { 'failed', type(answer) == 'table' and answer.err or tostring(answer) }
  end
  answers[#answers + 1] = answer
  at = last + 1
end
return answers`

/** Keeps a sum: fence, offset, sum. */
const compact = `${STREAM}
local have = redis.call('HMGET', state, 'fence', 'o', 'base')
local o = tonumber(ARGV[4])
if have[1] ~= ARGV[3] or o <= tonumber(have[3]) or o > tonumber(have[2]) then return end
redis.call('HSET', state, 'base', ARGV[4], 'sum', ARGV[5])
-- Nodes that are a little behind need the last chunks, and not the sum.
redis.call('XTRIM', log, 'MINID', string.format('%.0f', math.max(1, o - 511)))`

/** Reads: the offset from which on, -1 for all. Gives the state, the offset its chunks follow, the sum, chunks, flags. */
const read = `${STREAM}
local have = redis.call('HMGET', state, 'own', 'key', 'req', 'topic', 'orph', 'at', 'lin', 'fence', 'node', 'base', 'o', 'end')
if not have[1] then return false end
local base, o, from = tonumber(have[10]), tonumber(have[11]), tonumber(ARGV[3])
local function after(offset)
  local entries = redis.call('XRANGE', log, string.format('%.0f', offset + 1), '+')
  local isWhole = #entries == o - offset and (#entries == 0 or entries[1][1] == string.format('%.0f-0', offset + 1))
  return isWhole and entries or false
end
local entries = from >= 0 and from <= o and after(from)
local sum = false
if not entries and (from < 0 or from <= o) then
  from = base
  sum = redis.call('HGET', state, 'sum')
  entries = after(base)
  -- The log was evicted: its producer brings it back.
  if not entries then return false end
end
local chunks = {}
for i, entry in ipairs(entries or {}) do chunks[i] = entry[2][2] end
return { have, string.format('%.0f', from), sum, chunks, redis.call('HGETALL', flags) }`

/** Puts a word: name, value. */
const flag = `${STREAM}
${TELL}
local ttl = redis.call('PTTL', state)
if ttl == -2 then return false end
if redis.call('HSETNX', flags, ARGV[3], ARGV[4]) == 0 then return redis.call('HGET', flags, ARGV[3]) end
redis.call('HINCRBY', state, 'nf', 1)
if ttl > 0 then redis.call('PEXPIRE', flags, ttl) end
tell('f|' .. cjson.encode({ ARGV[3], ARGV[4] }))
return ARGV[4]`

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

/** One stream of a list: id, owner, topic, end, createdAt; `nil` where it is gone. */
const SUMMARY = `local P = ARGV[1]
local function summary(id)
  local have = redis.call('HMGET', P .. 's:' .. id, 'own', 'topic', 'end', 'at', 'lease')
  if not have[1] then return nil end
  return { id, have[1], have[2], have[3], have[4], have[5] }
end`

/** The live streams of a topic: prefix, topic. */
const topic = `${SUMMARY}
local live = {}
local place = P .. 't:' .. ARGV[2]
for _, id in ipairs(redis.call('ZRANGE', place, 0, -1)) do
  local found = summary(id)
  if found and not found[4] then table.insert(live, found) else redis.call('ZREM', place, id) end
end
return live`

/** Streams by their ids: prefix, ids. */
const summaries = `${SUMMARY}
local found = {}
for i = 2, #ARGV do found[i - 1] = summary(ARGV[i]) or false end
return found`

/** All streams, the newest first: prefix, limit. */
const all = `${SUMMARY}
local found, limit, at = {}, tonumber(ARGV[2]), 0
while #found < limit do
  local ids = redis.call('ZREVRANGE', P .. 'all', at, at + 99)
  if #ids == 0 then break end
  at = at + #ids
  for _, id in ipairs(ids) do
    local one = summary(id)
    if one and #found < limit then table.insert(found, one) end
    if not one then
      redis.call('ZREM', P .. 'all', id)
      at = at - 1
    end
  end
end
return found`

/** Live streams whose lease has ended, the oldest first: prefix, limit. */
const orphaned = `${NOW}
${SUMMARY}
local found, limit = {}, tonumber(ARGV[2])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'leases', '-inf', now, 'LIMIT', 0, 1000)) do
  if #found >= limit then break end
  local one = summary(id)
  if not one or one[4] then redis.call('ZREM', P .. 'leases', id)
  -- Additions keep a lease too, and do not write it here.
  elseif tonumber(one[6]) > now then redis.call('ZADD', P .. 'leases', one[6], id)
  else table.insert(found, one) end
end
return found`

/** Gives the mark of the store, and makes it where there is none: prefix. */
const mark = `local place, time = ARGV[1] .. 'mark', redis.call('TIME')
local mark = redis.call('GET', place)
if mark then return mark end
redis.call('SET', place, time[1] .. '.' .. time[2])
return redis.call('GET', place)`

export const SCRIPTS = {
  create,
  append,
  compact,
  read,
  flag,
  takeOver,
  renew,
  restore,
  topic,
  summaries,
  all,
  orphaned,
  mark,
} as const

export type ScriptName = keyof typeof SCRIPTS
