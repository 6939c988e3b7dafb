import { NOW, STREAM, TELL } from './script-words.ts'

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

/** A stream: how it is made, grows and is read. */
export const STREAM_SCRIPTS = { create, append, compact, read, flag } as const
