// What several scripts say in the same words.

/** The time of the store, in milliseconds: clocks of nodes differ. */
export const NOW = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(n) return string.format('%.0f', n) end`

/** The first two arguments of every script about a stream. */
export const STREAM = `local P, id = ARGV[1], ARGV[2]
local state, log, flags = P .. 's:' .. id, P .. 'l:' .. id, P .. 'f:' .. id`

/** Tells those who follow the stream, and those who follow its topic. */
export const TELL = `local function tell(message) redis.call('PUBLISH', P .. 'c:' .. id, message) end
local function announce(topic, owner, status, at, ttlMs)
  if not topic or topic == '' then return end
  local place = P .. 't:' .. topic
  if status == 'live' then
    redis.call('ZADD', place, at, id)
    redis.call('PEXPIRE', place, ttlMs)
  else redis.call('ZREM', place, id) end
  redis.call('PUBLISH', P .. 'u:' .. topic, cjson.encode({ id, owner, status, tonumber(at) }))
end`
