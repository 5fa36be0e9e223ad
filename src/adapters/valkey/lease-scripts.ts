import { LUA_NOW, valkeyScript } from './script';

/** A lease's key has a hash of its places by owner. KEYS: the key of one lease, unless a script says otherwise. */
const COMMON = `
${LUA_NOW}
local time = now()

local function put(key, owner, place)
  redis.call('HSET', key, owner, cmsgpack.pack(place))
end

-- Where the clock was set back, no place is kept longer than its time to live from now on.
local function placeOf(key, owner)
  local packed = redis.call('HGET', key, owner)
  if not packed then return nil end
  local place = cmsgpack.unpack(packed)
  place.expires = math.min(place.expires, time + place.ttl)
  return place
end

-- The places of a key, the longest holder first, without those that ran out, which are removed.
local function livePlaces(key)
  local live = {}
  for _, owner in ipairs(redis.call('HKEYS', key)) do
    local place = placeOf(key, owner)
    if place.expires <= time then
      redis.call('HDEL', key, owner)
    else
      place.owner = owner
      live[#live + 1] = place
    end
  end
  table.sort(live, function(one, other)
    if one.since ~= other.since then return one.since < other.since end
    return one.owner < other.owner
  end)
  return live
end

-- A key that nobody uses any more goes by itself.
local function liveOn(key, ttl)
  local left = redis.call('PTTL', key)
  local wanted = math.ceil(ttl) + 60000
  if left < wanted then redis.call('PEXPIRE', key, wanted) end
end

-- Owner, holder and for how long, of each.
local function told(places, answer)
  for _, place in ipairs(places) do
    answer[#answer + 1] = place.owner
    answer[#answer + 1] = place.holder
    answer[#answer + 1] = math.floor(math.max(0, time - place.since))
  end
  return answer
end
`;

/** ARGV: owner, token, holder, limit, ttl. Answers 0 if granted; else milliseconds until the next try, and holders. */
export const ACQUIRE = valkeyScript(`
${COMMON}
local owner, ttl = ARGV[1], tonumber(ARGV[5])
local live = livePlaces(KEYS[1])
local since
for _, place in ipairs(live) do
  if place.owner == owner then since = place.since end
end
if not since and #live >= tonumber(ARGV[4]) then
  local first = math.huge
  for _, place in ipairs(live) do first = math.min(first, place.expires) end
  return told(live, { math.max(1, math.ceil(first - time)) })
end
put(KEYS[1], owner, { token = ARGV[2], holder = ARGV[3], since = since or time, ttl = ttl, expires = time + ttl })
liveOn(KEYS[1], ttl)
return { 0 }
`);

/** KEYS: all leases' keys. ARGV: ttl, then owner and token of each lease. Answers 1 for each renewed lease, else 0. */
export const RENEW = valkeyScript(`
${COMMON}
local ttl = tonumber(ARGV[1])
local answers = {}
for i, key in ipairs(KEYS) do
  local owner = ARGV[2 * i]
  local place = placeOf(key, owner)
  answers[i] = 0
  if place and place.token == ARGV[2 * i + 1] then
    place.ttl = ttl
    place.expires = time + ttl
    put(key, owner, place)
    liveOn(key, ttl)
    answers[i] = 1
  end
end
return answers
`);

/** ARGV: owner, token. */
export const RELEASE = valkeyScript(`
${COMMON}
local place = placeOf(KEYS[1], ARGV[1])
if place and place.token == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
`);

export const HOLDERS = valkeyScript(`
${COMMON}
return told(livePlaces(KEYS[1]), {})
`);

/**
 * KEYS: the time of the next turn. ARGV: interval, within. Answers whether the turn was granted, and the wait for it.
 */
export const TAKE_TURN = valkeyScript(`
${COMMON}
local at = time
local packed = redis.call('GET', KEYS[1])
if packed then
  local turn = cmsgpack.unpack(packed)
  -- No turn is further ahead than when it was taken, unless the clock was set back.
  at = math.max(time, math.min(turn.next, time + turn.ahead))
end
local wait = math.ceil(at - time)
if wait > tonumber(ARGV[2]) then return { 0, wait } end
local next = at + tonumber(ARGV[1])
redis.call('SET', KEYS[1], cmsgpack.pack({ next = next, ahead = next - time }), 'PX', math.ceil(next - time) + 60000)
return { 1, wait }
`);
