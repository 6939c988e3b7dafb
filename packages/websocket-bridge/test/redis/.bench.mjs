// src/redis/create-redis-engine.ts
import { createHash } from "node:crypto";

// src/clock.ts
var systemClock = {
  now: () => Date.now(),
  random: () => Math.random(),
  start(ms2, callback) {
    const timer = setTimeout(callback, ms2).unref();
    return { cancel: () => clearTimeout(timer) };
  },
  repeat(ms2, callback) {
    const timer = setInterval(callback, ms2).unref();
    return { cancel: () => clearInterval(timer) };
  },
  soon: (callback) => void setImmediate(callback)
};

// src/engine.ts
var DEFAULT_RETENTION = {
  leaseMs: 1e4,
  liveTtlMs: 36e5,
  endedTtlMs: 9e5,
  keyTtlMs: 864e5
};

// src/only-given.ts
function onlyGiven(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== void 0));
}

// src/protocol/position.ts
function epochOf(lineage) {
  const last = lineage.at(-1);
  if (last === void 0) throw new TypeError("a lineage has at least one epoch");
  return last.e;
}

// src/redis/store.ts
import { Redis } from "ioredis";

// src/redis/scripts.ts
var NOW = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(n) return string.format('%.0f', n) end`;
var STREAM = `local P, id = ARGV[1], ARGV[2]
local state, log, flags = P .. 's:' .. id, P .. 'l:' .. id, P .. 'f:' .. id`;
var TELL = `local function tell(message) redis.call('PUBLISH', P .. 'c:' .. id, message) end
local function announce(topic, owner, status, at)
  if not topic or topic == '' then return end
  if status == 'live' then redis.call('ZADD', P .. 't:' .. topic, at, id) else redis.call('ZREM', P .. 't:' .. topic, id) end
  redis.call('PUBLISH', P .. 'u:' .. topic, cjson.encode({ id, owner, status, tonumber(at) }))
end`;
var create = `${NOW}
${STREAM}
${TELL}
local _, _, epoch, node, owner, key, request, topic, orphan, digest, place, leaseMs, ttlMs, keyTtlMs = unpack(ARGV)
local known = redis.call('HMGET', place, 'id', 'digest')
local there = known[1] and redis.call('HMGET', P .. 's:' .. known[1], 'fence', 'node')
if there and there[1] then
  if known[2] ~= digest then return { 'conflict', known[1] } end
  -- The answer to the same call was lost.
  if known[1] == id and there[1] == '1' and there[2] == node then return { 'created' } end
  return { 'exists', known[1] }
end
redis.call('HSET', place, 'id', id, 'digest', digest)
redis.call('PEXPIRE', place, keyTtlMs)
redis.call('HSET', state, 'own', owner, 'key', key, 'req', request, 'topic', topic, 'orph', orphan, 'at', int(now),
  'lin', epoch .. ':0', 'e', epoch, 'o', '0', 'base', '0', 'fence', '1', 'node', node, 'lease', int(now + leaseMs), 'nf', '0')
redis.call('PEXPIRE', state, ttlMs)
redis.call('ZADD', P .. 'leases', now + leaseMs, id)
redis.call('ZADD', P .. 'all', now, id)
-- The list of all is kept short by those who make it longer.
for _, old in ipairs(redis.call('ZRANGE', P .. 'all', 0, 1)) do
  if redis.call('EXISTS', P .. 's:' .. old) == 0 then redis.call('ZREM', P .. 'all', old) end
end
announce(topic, owner, 'live', int(now))
return { 'created' }`;
var append = `${NOW}
${STREAM}
${TELL}
local _, _, fence, expected, leaseMs, ttlMs, endedTtlMs, lengths, ending, status = unpack(ARGV, 1, 10)
local have = redis.call('HMGET', state, 'fence', 'o', 'end', 'e', 'nf', 'topic', 'own', 'at', 'base')
if not have[1] then return { 'lost' } end
if have[1] ~= fence then return { 'fenced' } end
if have[3] then return { 'ended', have[3] } end
if have[2] ~= expected then return { 'elsewhere', have[2] } end
-- The log may have been evicted alone.
if have[2] ~= have[9] and redis.call('EXISTS', log) == 0 then return { 'lost' } end
local o = tonumber(have[2])
for i = 11, #ARGV do
  o = o + 1
  redis.call('XADD', log, int(o) .. '-0', 'c', ARGV[i])
end
if have[2] == have[9] and #ARGV > 10 then redis.call('PEXPIRE', log, ttlMs) end
redis.call('HSET', state, 'o', int(o), 'lease', int(now + leaseMs))
if #ARGV > 10 then
  if lengths == '' then tell('n|' .. have[4] .. '|' .. int(o))
  else tell('c|' .. have[4] .. '|' .. expected .. '|' .. lengths .. '|' .. table.concat(ARGV, '', 11)) end
end
if ending ~= '' then
  redis.call('HSET', state, 'end', ending)
  for _, key in ipairs({ state, log, flags }) do redis.call('PEXPIRE', key, endedTtlMs) end
  redis.call('ZREM', P .. 'leases', id)
  tell('x|' .. int(o) .. '|' .. ending)
  announce(have[6], have[7], status, have[8])
end
return { 'added', have[5] == '0' and {} or redis.call('HGETALL', flags) }`;
var compact = `${STREAM}
local have = redis.call('HMGET', state, 'fence', 'o', 'base')
local o = tonumber(ARGV[4])
if have[1] ~= ARGV[3] or o <= tonumber(have[3]) or o > tonumber(have[2]) then return end
redis.call('HSET', state, 'base', ARGV[4], 'sum', ARGV[5])
-- Nodes that are a little behind need the last chunks, and not the sum.
redis.call('XTRIM', log, 'MINID', string.format('%.0f', math.max(1, o - 511)))`;
var read = `${STREAM}
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
return { have, string.format('%.0f', from), sum, chunks, redis.call('HGETALL', flags) }`;
var flag = `${STREAM}
${TELL}
local ttl = redis.call('PTTL', state)
if ttl == -2 then return false end
if redis.call('HSETNX', flags, ARGV[3], ARGV[4]) == 0 then return redis.call('HGET', flags, ARGV[3]) end
redis.call('HINCRBY', state, 'nf', 1)
if ttl > 0 then redis.call('PEXPIRE', flags, ttl) end
tell('f|' .. cjson.encode({ ARGV[3], ARGV[4] }))
return ARGV[4]`;
var takeOver = `${NOW}
${STREAM}
${TELL}
local _, _, node, epoch, leaseMs, ttlMs = unpack(ARGV)
local have = redis.call('HMGET', state, 'fence', 'end', 'lease', 'lin', 'o')
if not have[1] or have[2] or tonumber(have[3]) > now then return false end
local fence = redis.call('HINCRBY', state, 'fence', 1)
local lineage = have[4] .. ',' .. epoch .. ':' .. have[5]
redis.call('HSET', state, 'node', node, 'e', epoch, 'lin', lineage, 'lease', int(now + leaseMs))
for _, key in ipairs({ state, log, flags }) do redis.call('PEXPIRE', key, ttlMs) end
redis.call('ZADD', P .. 'leases', now + leaseMs, id)
tell('e|' .. lineage)
return fence`;
var renew = `${NOW}
local P, leaseMs, ttlMs = unpack(ARGV, 1, 3)
local others = {}
for i = 4, #ARGV, 2 do
  local id = ARGV[i]
  local state = P .. 's:' .. id
  local have = redis.call('HMGET', state, 'fence', 'end')
  if have[1] == ARGV[i + 1] and not have[2] then
    redis.call('HSET', state, 'lease', int(now + leaseMs))
    redis.call('ZADD', P .. 'leases', now + leaseMs, id)
    for _, key in ipairs({ state, P .. 'l:' .. id, P .. 'f:' .. id }) do redis.call('PEXPIRE', key, ttlMs) end
  else table.insert(others, id) end
end
return others`;
var restore = `${NOW}
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
if topic ~= '' then redis.call('ZADD', P .. 't:' .. topic, at, id) end
tell('r|')
return 1`;
var SUMMARY = `local P = ARGV[1]
local function summary(id)
  local have = redis.call('HMGET', P .. 's:' .. id, 'own', 'topic', 'end', 'at', 'lease')
  if not have[1] then return nil end
  return { id, have[1], have[2], have[3], have[4], have[5] }
end`;
var topic = `${SUMMARY}
local live = {}
local place = P .. 't:' .. ARGV[2]
for _, id in ipairs(redis.call('ZRANGE', place, 0, -1)) do
  local found = summary(id)
  if found and not found[4] then table.insert(live, found) else redis.call('ZREM', place, id) end
end
return live`;
var summaries = `${SUMMARY}
local found = {}
for i = 2, #ARGV do found[i - 1] = summary(ARGV[i]) or false end
return found`;
var all = `${SUMMARY}
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
return found`;
var orphaned = `${NOW}
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
return found`;
var SCRIPTS = {
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
  orphaned
};

// src/redis/store.ts
var PATIENCE_MS = 1500;
var CAREFUL = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // A store that is stopped accepts connections and does not answer.
  commandTimeout: PATIENCE_MS,
  socketTimeout: 2500,
  connectTimeout: 2500,
  retryStrategy: (times) => Math.min(times * 50, 1e3),
  // A replica that is no primary any more, or not yet.
  reconnectOnError: (reason) => reason.message.startsWith("READONLY")
};
function openConnection(target, over) {
  const options = { ...CAREFUL, ...typeof target === "object" && target, ...over };
  const redis = typeof target === "string" ? new Redis(target, options) : new Redis(options);
  redis.on("error", () => {
  });
  return redis;
}
var waiting = /* @__PURE__ */ new WeakMap();
async function readiness(redis) {
  if (redis.status === "ready") return;
  const known = waiting.get(redis);
  if (known !== void 0) return known;
  const ready = untilReady(redis).finally(() => waiting.delete(redis));
  waiting.set(redis, ready);
  await ready;
}
function untilReady(redis) {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      redis.off("ready", done);
      if (redis.status === "ready") resolve();
      else reject(new Error(`the store is not reached: ${redis.status}`));
    };
    const timer = setTimeout(done, PATIENCE_MS);
    redis.on("ready", done);
  });
}
function openStore(target) {
  const scripts = Object.fromEntries(
    Object.entries(SCRIPTS).map(([name, lua]) => [scriptName(name), { lua, numberOfKeys: 0 }])
  );
  const redis = openConnection(target, { scripts });
  let isAnswering = true;
  async function ask(command) {
    await readiness(redis);
    try {
      const answer = await command(redis);
      isAnswering = true;
      return answer;
    } catch (reason) {
      isAnswering = false;
      throw reason;
    }
  }
  return {
    ask,
    run: (script, ...args) => ask(() => scriptOf(redis, script)(...args)),
    get isReachable() {
      return isAnswering && redis.status === "ready";
    },
    close: () => redis.disconnect()
  };
}
function scriptOf(redis, name) {
  const { [scriptName(name)]: script } = redis;
  if (script === void 0) throw new TypeError(`there is no script ${name}`);
  return script.bind(redis);
}
var scriptName = (name) => `deltawire_${name}`;

// src/redis/channels.ts
var BATCH = 500;
function openChannels(target) {
  const redis = openConnection(target, {
    // Done here, so that what was missed is asked for when all channels are there again.
    autoResubscribe: false,
    // There may be nothing to hear for hours, and then `PING` tells whether there is somebody.
    socketTimeout: void 0,
    keepAlive: 1e4
  });
  const listening = /* @__PURE__ */ new Map();
  redis.on("message", (channel, message) => {
    for (const listener of listening.get(channel) ?? []) listener.hear(message);
  });
  redis.on("ready", () => void subscribeAgain().catch(() => redis.disconnect(true)));
  async function subscribeAgain() {
    const names = [...listening.keys()];
    for (let at = 0; at < names.length; at += BATCH) {
      const batch = names.slice(at, at + BATCH);
      await redis.subscribe(...batch);
      for (const name of batch) for (const listener of listening.get(name) ?? []) listener.missed();
    }
  }
  function leave(channel, listener) {
    const listeners = listening.get(channel);
    if (listeners?.delete(listener) !== true || listeners.size > 0) return;
    listening.delete(channel);
    redis.unsubscribe(channel).catch(() => {
    });
  }
  return {
    async listen(channel, listener) {
      await readiness(redis);
      const listeners = listening.get(channel) ?? /* @__PURE__ */ new Set();
      listening.set(channel, listeners.add(listener));
      try {
        await redis.subscribe(channel);
      } catch (reason) {
        leave(channel, listener);
        throw reason;
      }
      return () => leave(channel, listener);
    },
    close() {
      listening.clear();
      redis.disconnect();
    }
  };
}

// src/redis/lineage.ts
var formatLineage = (lineage) => lineage.map(({ e, at }) => `${e}:${at}`).join();
var parseLineage = (text) => text.split(",").map((fork) => {
  const [e = "", at] = fork.split(":");
  return { e, at: Number(at) };
});
var isExtension = (lineage, of) => formatLineage(lineage.slice(0, of.length)) === formatLineage(of);

// src/redis/message.ts
var MAX_SAID_LENGTH = 65536;
function lengthsOf(chunks) {
  const lengths = chunks.map(({ length }) => length);
  return lengths.reduce((sum, length) => sum + length, 0) > MAX_SAID_LENGTH ? "" : lengths.join();
}
function readMessage(text) {
  const [kind, ...rest] = fieldsOf(text);
  const [first = "", second = "", third = ""] = rest;
  switch (kind) {
    case "c":
      return { kind: "chunks", epoch: first, from: Number(second), chunks: cut(bodyOf(text, 4), third) };
    case "n":
      return { kind: "news", epoch: first, tail: Number(second) };
    case "x":
      return { kind: "end", tail: Number(first), end: JSON.parse(bodyOf(text, 2)) };
    case "e":
      return { kind: "epoch", lineage: parseLineage(first) };
    case "f": {
      const [name, value] = JSON.parse(bodyOf(text, 1));
      return { kind: "flag", name, value };
    }
    case "r":
      return { kind: "restored" };
    case void 0:
    default:
      return void 0;
  }
}
var fieldsOf = (text) => text.split("|", 4);
function bodyOf(text, marks) {
  let at = 0;
  for (let count = 0; count < marks; count++) at = text.indexOf("|", at) + 1;
  return text.slice(at);
}
function cut(body, lengths) {
  let at = 0;
  return lengths.split(",").map((length) => body.slice(at, at += Number(length)));
}

// src/redis/state-of.ts
function readStreamOf(reply, id, asked) {
  if (reply === null) return void 0;
  const [have, from, sum, chunks, flags] = reply;
  const [owner, key, request, topic2, orphan, at, lineage, fence, node, base, tail, end] = have.map(
    (field) => field ?? ""
  );
  const ending = endOf(end);
  return {
    state: {
      id,
      owner: owner ?? "",
      key: key ?? "",
      request: request ?? "",
      ...topic2 !== "" && { topic: topic2 },
      // Written by this engine.
      orphan: JSON.parse(orphan ?? ""),
      createdAt: Number(at),
      status: ending?.st ?? "live",
      lineage: parseLineage(lineage ?? ""),
      base: Number(base),
      sum: sum ?? void 0,
      chunks,
      end: ending,
      flags: flagsOf(flags),
      node: node ?? "",
      fence: Number(fence)
    },
    from: Number(from),
    tail: Number(tail),
    isWhole: Number(from) !== asked
  };
}
function flagsOf(flat) {
  const pairs = [];
  for (let at = 0; at < flat.length; at += 2) pairs.push([flat[at] ?? "", flat[at + 1] ?? ""]);
  return Object.fromEntries(pairs);
}
function summaryOf(reply) {
  if (reply === null) return void 0;
  const [id, owner, topic2, end, at] = reply;
  const status = endOf(end ?? "")?.st ?? "live";
  return { id, owner, ...topic2 !== "" && { topic: topic2 }, status, createdAt: Number(at) };
}
var endOf = (json) => json === void 0 || json === "" ? void 0 : JSON.parse(json);

// src/redis/tail.ts
var ALL = -1;
function createTail({ id, read: read2, tell, now, patienceMs }) {
  let lineage = [];
  let tail = 0;
  let flags = /* @__PURE__ */ new Set();
  let hasEnded = false;
  let isOver = false;
  let held = [];
  let isStale = false;
  let missingSince;
  function begin(state) {
    ;
    ({ lineage } = state);
    tail = state.base + state.chunks.length;
    flags = new Set(Object.keys(state.flags));
    hasEnded = state.end !== void 0;
  }
  function hear(text) {
    if (held !== void 0) held.push(text);
    else if (!isOver) take(readMessage(text));
  }
  function take(message) {
    switch (message?.kind) {
      case "chunks":
        if (message.epoch === epochOf(lineage) && message.from <= tail) add(message.from, message.chunks);
        else synchronize();
        break;
      case "news":
        if (message.epoch !== epochOf(lineage) || message.tail > tail) synchronize();
        break;
      case "end":
        if (message.tail === tail) end(message.end);
        else synchronize();
        break;
      case "epoch":
        if (formatLineage(message.lineage) === formatLineage(lineage)) break;
        if (message.lineage.length === lineage.length + 1 && isExtension(message.lineage, lineage))
          goOn(message.lineage);
        else synchronize();
        break;
      case "flag":
        flag2(message.name, message.value);
        break;
      case "restored":
        synchronize();
        break;
      case void 0:
    }
  }
  function add(from, chunks) {
    const fresh = chunks.slice(tail - from);
    if (fresh.length === 0) return;
    const before = tail;
    tail += fresh.length;
    tell({ kind: "chunks", from: before, chunks: fresh });
  }
  function end(how) {
    if (hasEnded) return;
    hasEnded = true;
    tell({ kind: "end", end: how });
  }
  function flag2(name, value) {
    if (flags.has(name)) return;
    flags.add(name);
    tell({ kind: "flag", name, value });
  }
  function goOn(to) {
    for (const { at } of to.slice(lineage.length)) tail = Math.min(tail, at);
    lineage = to;
    tell({ kind: "epoch", lineage });
  }
  function reset(state) {
    begin(state);
    tell({ kind: "reset", state });
  }
  function synchronize() {
    isStale = true;
    if (held !== void 0 || isOver) return;
    held = [];
    void readAll().then(release);
  }
  async function readAll() {
    try {
      while (isStale && !isOver) {
        isStale = false;
        const found = await read2(id, tail);
        if (!isOver) await catchUp(found);
      }
    } catch {
      isStale = false;
    }
  }
  async function catchUp(found) {
    if (found === void 0) return miss();
    missingSince = void 0;
    const { state } = found;
    const isSame = formatLineage(state.lineage) === formatLineage(lineage);
    if (!isSame && isExtension(state.lineage, lineage)) {
      goOn(state.lineage);
      isStale = true;
      return;
    }
    if (!isSame || found.isWhole && found.tail >= tail) {
      const whole = found.isWhole ? found : await read2(id, ALL);
      if (whole !== void 0 && !isOver) reset(whole.state);
      return;
    }
    if (found.tail < tail) return;
    add(found.from, state.chunks);
    for (const [name, value] of Object.entries(state.flags)) flag2(name, value);
    if (state.end !== void 0) end(state.end);
  }
  function miss() {
    missingSince ??= now();
    if (!hasEnded && now() - missingSince < patienceMs) return;
    isOver = true;
    tell({ kind: "gone" });
  }
  function release() {
    const texts2 = held ?? [];
    held = void 0;
    for (const text of texts2) hear(text);
    if (isStale && held === void 0) synchronize();
  }
  return {
    id,
    begin(state) {
      begin(state);
      release();
    },
    hear,
    missed: synchronize,
    compare(glance) {
      if (isOver || held !== void 0) return;
      const isUnchanged = glance !== void 0 && glance.epoch === epochOf(lineage) && glance.tail === tail && glance.flags === flags.size && glance.isEnded === hasEnded;
      if (!isUnchanged) synchronize();
    },
    stop() {
      isOver = true;
    }
  };
}

// src/redis/topic-tail.ts
function createTopicTail({ topic: topic2, tell, readLive, readSome }) {
  const live = /* @__PURE__ */ new Map();
  let held = [];
  let isOver = false;
  function take(stream) {
    if (isOver || stream.status === "live" === live.has(stream.id)) return;
    if (stream.status === "live") live.set(stream.id, stream);
    else live.delete(stream.id);
    tell(stream);
  }
  function release() {
    const streams = held ?? [];
    held = void 0;
    for (const stream of streams) take(stream);
  }
  async function readAgain() {
    const now = await readLive();
    const ids = new Set(now.map(({ id }) => id));
    const ended = await readSome([...live.keys()].filter((id) => !ids.has(id)));
    for (const stream of [...ended, ...now]) take(stream);
  }
  return {
    begin(streams) {
      for (const stream of streams) live.set(stream.id, stream);
      release();
    },
    hear(message) {
      const [id, owner, status, createdAt] = JSON.parse(message);
      const stream = { id, owner, topic: topic2, status, createdAt };
      if (held === void 0) take(stream);
      else held.push(stream);
    },
    missed() {
      if (held !== void 0) return;
      held = [];
      void readAgain().catch(() => {
      }).then(release);
    },
    stop() {
      isOver = true;
    }
  };
}

// src/redis/create-redis-engine.ts
var WATCH_BATCH = 500;
function createRedisEngine(options = {}) {
  const {
    redis: target = "redis://127.0.0.1:6379",
    prefix = "deltawire:",
    watchMs = 1500,
    clock = systemClock
  } = options;
  const { leaseMs, liveTtlMs, endedTtlMs, keyTtlMs } = { ...DEFAULT_RETENTION, ...onlyGiven(options) };
  const store = openStore(target);
  const channels = openChannels(target);
  const tails = /* @__PURE__ */ new Set();
  const watch = clock.repeat(watchMs, () => void compareAll().catch(() => {
  }));
  const placeOf = (owner, key) => `${prefix}k:${digest(JSON.stringify([owner, key]))}`;
  async function create2(stream) {
    const { id, epoch, node, owner, key, request, topic: topic2 = "", orphan } = stream;
    const about = [id, epoch, node, owner, key, request, topic2, JSON.stringify(orphan), digest(request)];
    const reply = await store.run("create", prefix, ...about, placeOf(owner, key), leaseMs, liveTtlMs, keyTtlMs);
    const [outcome, known = ""] = texts(reply);
    if (outcome === "exists" || outcome === "conflict") return { outcome, id: known };
    return { outcome: "created", lease: { id, fence: 1, ttlMs: leaseMs } };
  }
  async function append2(id, { fence, expect, chunks, end }) {
    const ending = [end === void 0 ? "" : JSON.stringify(end), end?.st ?? ""];
    const times = [leaseMs, liveTtlMs, endedTtlMs];
    const reply = await store.run(
      "append",
      prefix,
      id,
      fence,
      expect,
      ...times,
      lengthsOf(chunks),
      ...ending,
      ...chunks
    );
    return appendedOf(reply);
  }
  const readFrom = async (id, from) => readStreamOf(await store.run("read", prefix, id, from), id, from);
  async function read2(id) {
    const found = await readFrom(id, -1);
    return found?.state;
  }
  async function attach(id, listener) {
    const tail = createTail({
      id,
      read: readFrom,
      tell: listener,
      now: clock.now,
      patienceMs: Math.max(3 * leaseMs, 3e4)
    });
    const stop = await channels.listen(`${prefix}c:${id}`, tail);
    const detach = () => {
      tail.stop();
      tails.delete(tail);
      stop();
    };
    try {
      const state = await read2(id);
      if (state !== void 0) {
        tails.add(tail);
        tail.begin(state);
        return { state, detach };
      }
    } catch (reason) {
      detach();
      throw reason;
    }
    detach();
    return void 0;
  }
  async function compareAll() {
    const all2 = [...tails];
    if (all2.length === 0) await store.ask((redis) => redis.ping());
    for (let at = 0; at < all2.length; at += WATCH_BATCH) {
      const batch = all2.slice(at, at + WATCH_BATCH);
      const fields = ["e", "o", "nf", "end"];
      const found = await store.ask(async (redis) => {
        const pipeline = redis.pipeline();
        for (const { id } of batch) pipeline.hmget(`${prefix}s:${id}`, ...fields);
        return pipeline.exec();
      });
      for (const [n, tail] of batch.entries()) {
        const [failure, fieldsFound] = found?.[n] ?? [];
        if (failure === null) tail.compare(glanceOf(fieldsFound));
      }
    }
  }
  async function takeOver2(id, { node, epoch }) {
    const fence = await store.run("takeOver", prefix, id, node, epoch, leaseMs, liveTtlMs);
    return fence === null ? void 0 : { id, fence: Number(fence), ttlMs: leaseMs };
  }
  async function renew2(leases) {
    if (leases.length === 0) return [];
    const asked = leases.flatMap(({ id, fence }) => [id, fence]);
    return texts(await store.run("renew", prefix, leaseMs, liveTtlMs, ...asked));
  }
  async function restore2(state, { node, fence }) {
    const { id, owner, key, request, topic: topic2 = "", orphan, createdAt, lineage, base, sum = "", chunks } = state;
    const flags = Object.entries(state.flags);
    const made = [
      owner,
      key,
      request,
      topic2,
      JSON.stringify(orphan),
      createdAt,
      formatLineage(lineage),
      epochOf(lineage)
    ];
    const held = [id, node, fence, leaseMs, liveTtlMs, keyTtlMs, placeOf(owner, key), digest(request)];
    const kept = [base, sum, flags.length, ...flags.flat(), ...chunks];
    const reply = await store.run("restore", prefix, ...held, ...made, ...kept);
    return reply === 1;
  }
  const readLive = async (topic2) => summariesOf(await store.run("topic", prefix, topic2));
  async function follow(topic2, listener) {
    const tail = createTopicTail({
      topic: topic2,
      tell: listener,
      readLive: () => readLive(topic2),
      readSome: async (ids) => ids.length === 0 ? [] : summariesOf(await store.run("summaries", prefix, ...ids))
    });
    const leave = await channels.listen(`${prefix}u:${topic2}`, tail);
    const stop = () => {
      tail.stop();
      leave();
    };
    try {
      const streams = await readLive(topic2);
      tail.begin(streams);
      return { streams, stop };
    } catch (reason) {
      stop();
      throw reason;
    }
  }
  return {
    create: create2,
    append: append2,
    async compact(id, { fence, o, sum }) {
      await store.run("compact", prefix, id, fence, o, sum);
    },
    read: read2,
    attach,
    async watchers(id) {
      const [, count] = await store.ask((redis) => redis.pubsub("NUMSUB", `${prefix}c:${id}`));
      return Number(count);
    },
    takeOver: takeOver2,
    renew: renew2,
    restore: restore2,
    async flag(id, name, value) {
      const standing = await store.run("flag", prefix, id, name, value);
      return standing === null ? void 0 : String(standing);
    },
    follow,
    list: async (which, limit) => summariesOf(await store.run(which === "all" ? "all" : "orphaned", prefix, limit)),
    async once(word, ttlMs) {
      const answer = await store.ask((redis) => redis.set(`${prefix}o:${word}`, "", "PX", Math.ceil(ttlMs), "NX"));
      return answer === "OK";
    },
    get isReachable() {
      return store.isReachable;
    },
    async close() {
      watch.cancel();
      for (const tail of tails) tail.stop();
      tails.clear();
      channels.close();
      store.close();
    }
  };
}
var APPENDED = {
  added: (flags) => ({ outcome: "added", flags: flagsOf(texts(flags)) }),
  elsewhere: (tail) => ({ outcome: "elsewhere", tail: Number(tail) }),
  // Written by an engine like this one.
  ended: (end) => ({ outcome: "ended", end: JSON.parse(String(end)) }),
  fenced: () => ({ outcome: "fenced" }),
  lost: () => ({ outcome: "lost" })
};
function appendedOf(reply) {
  const [outcome, about = null] = reply;
  const appended = APPENDED[outcome];
  if (appended === void 0) throw new Error(`the store answered ${outcome}: another version of this package uses it`);
  return appended(about);
}
var digest = (text) => createHash("sha256").update(text).digest("base64url");
var texts = (reply) => Array.isArray(reply) ? reply.map(String) : [];
var summariesOf = (reply) => reply.flatMap((one) => summaryOf(one) ?? []);
function glanceOf([epoch, tail, flags, end]) {
  if (typeof epoch !== "string") return void 0;
  return { epoch, tail: Number(tail), flags: Number(flags), isEnded: typeof end === "string" };
}

// ../../../../tmp/rb/b1.ts
var url = process.argv[2];
var chunk = JSON.stringify({ choices: [{ index: 0, delta: { content: " token" } }] });
var engine = createRedisEngine({ redis: url, prefix: `b${process.pid}:`, watchMs: 6e4 });
var other = createRedisEngine({ redis: url, prefix: `b${process.pid}:`, watchMs: +(process.argv[3] ?? 6e4) });
var ms = () => performance.now();
async function mk(n) {
  const ls = [];
  for (let i = 0; i < n; i += 100) ls.push(...await Promise.all(Array.from({ length: Math.min(100, n - i) }, (_, j) => engine.create({ id: `s${n}_${i + j}`, epoch: "e", node: "n", owner: "o", key: `k${n}_${i + j}`, request: "{}", orphan: "continue" }))));
  return ls.map((c) => c.lease);
}
for (const batch of [1]) {
  const leases = await mk(100 + batch);
  const end = ms() + 3e3;
  let n = 0;
  const c0 = process.cpuUsage();
  await Promise.all(leases.slice(0, 100).map(async ({ id, fence }) => {
    let o = 0;
    const chunks = Array(batch).fill(chunk);
    while (ms() < end) {
      await engine.append(id, { fence, expect: o, chunks });
      o += batch;
      n += batch;
    }
  }));
  const c = process.cpuUsage(c0);
  console.log(`append batch ${batch}: ${Math.round(n / 3)} deltas/s, node ${((c.user + c.system) / n).toFixed(2)} \xB5s per delta`);
}
for (const streams of []) {
  const leases = await mk(streams + 7);
  const sent = /* @__PURE__ */ new Map();
  const lat = [];
  for (let i = 0; i < streams; i += 200) await Promise.all(leases.slice(i, i + 200).map(async ({ id }) => other.attach(id, (e) => {
    if (e.kind === "chunks") lat.push(ms() - (sent.get(id) ?? 0));
  })));
  const o = /* @__PURE__ */ new Map();
  const t0 = ms();
  let k = 0;
  const c0 = process.cpuUsage();
  while (ms() - t0 < 4e3) {
    const due = Math.floor((ms() - t0) * 5);
    while (k < due) {
      const { id, fence } = leases[k++ * 7919 % streams];
      if (o.get(id) === -1) continue;
      const at = o.get(id) ?? 0;
      o.set(id, -1);
      sent.set(id, ms());
      void engine.append(id, { fence, expect: at, chunks: [chunk] }).then(() => o.set(id, at + 1));
    }
    await new Promise((r) => setTimeout(r, 1));
  }
  await new Promise((r) => setTimeout(r, 300));
  lat.sort((a, b) => a - b);
  const c = process.cpuUsage(c0);
  console.log(`${streams} attached: ${lat.length} delivered in 4 s, p50 ${lat[lat.length >> 1].toFixed(3)} ms p99 ${lat[Math.floor(lat.length * 0.99)].toFixed(2)} ms, node ${((c.user + c.system) / lat.length).toFixed(1)} \xB5s`);
}
await engine.close();
await other.close();
