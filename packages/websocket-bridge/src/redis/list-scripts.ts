import { NOW } from './script-words.ts'

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

/** Which streams there are. */
export const LIST_SCRIPTS = { topic, summaries, all, orphaned } as const
