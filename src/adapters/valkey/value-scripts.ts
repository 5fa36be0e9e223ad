import { LUA_NOW, valkeyScript } from './script';

/** A stored value begins with this many digits: the time of its last put, which can be changed in place. */
export const HEADER_BYTES = 15;
const BYTES_IN_AN_ANSWER = 4 * 1024 * 1024;

/** The scripts' KEYS, unless a script says otherwise: the index of all hashes, then the key of each value. */
const COMMON = `
${LUA_NOW}
local index = KEYS[1]

local function noted()
  return string.format('%0${HEADER_BYTES}d', math.floor(now()))
end

local function live(key, ttl)
  if ttl > 0 then redis.call('PEXPIRE', key, ttl) else redis.call('PERSIST', key) end
end

local function remove(key, hash)
  redis.call('ZREM', index, hash)
  return redis.call('UNLINK', key)
end

-- Notes a put of a value that is there, and answers whether it is.
local function keep(key, hash, ttl)
  if redis.call('EXISTS', key) == 0 then return false end
  redis.call('SETRANGE', key, 0, noted())
  live(key, ttl)
  redis.call('ZADD', index, 0, hash)
  return true
end

-- Nothing tells of a value whose time has run out: each put looks at two hashes of the index.
local function sweep(ttl)
  if ttl == 0 then return end
  local base = KEYS[2]:sub(1, #KEYS[2] - #ARGV[2])
  for _, hash in ipairs(redis.call('ZRANDMEMBER', index, 2)) do
    if redis.call('EXISTS', base .. hash) == 0 then redis.call('ZREM', index, hash) end
  end
end
`;

/** ARGV: time to live, then hash and bytes of each value. */
export const PUT = valkeyScript(`
${COMMON}
-- Whether other bytes are there under the same hash. Sealing gives other bytes each time.
local function isDamaged(key, hash, bytes)
  return hash:sub(1, 7) ~= 'sealed:' and redis.call('GETRANGE', key, ${HEADER_BYTES}, -1) ~= bytes
end

local ttl = tonumber(ARGV[1])
for i = 2, #KEYS do
  local hash, bytes = ARGV[2 * (i - 1)], ARGV[2 * (i - 1) + 1]
  if not keep(KEYS[i], hash, ttl) or isDamaged(KEYS[i], hash, bytes) then
    redis.call('SET', KEYS[i], noted() .. bytes)
    live(KEYS[i], ttl)
    redis.call('ZADD', index, 0, hash)
  end
end
sweep(ttl)
`);

/** ARGV: time to live, then the hashes. The script returns 1 for each existing value, else 0. */
export const KEEP = valkeyScript(`
${COMMON}
local answers = {}
for i = 2, #KEYS do answers[i - 1] = keep(KEYS[i], ARGV[i], tonumber(ARGV[1])) and 1 or 0 end
return answers
`);

/** KEYS: the keys of values only. Answers the first values: at least one, and as many as fit into a limited reply. */
export const READ = valkeyScript(`
local answers, bytes = {}, 0
for i, key in ipairs(KEYS) do
  bytes = bytes + redis.call('STRLEN', key)
  if i > 1 and bytes > ${BYTES_IN_AN_ANSWER} then break end
  answers[i] = redis.call('GET', key)
end
return answers
`);

/** KEYS: the keys of values only. The script returns 1 for each existing value, else 0. */
export const EXIST = valkeyScript(`
local answers = {}
for i, key in ipairs(KEYS) do answers[i] = redis.call('EXISTS', key) end
return answers
`);

/** ARGV: a time or `inf`, then the hashes. Deletes values last put before; returns 1 for each deleted one, else 0. */
export const DELETE = valkeyScript(`
${COMMON}
local since = tonumber(ARGV[1]) or math.huge
local answers = {}
for i = 2, #KEYS do
  local at = tonumber(redis.call('GETRANGE', KEYS[i], 0, ${HEADER_BYTES - 1})) or 0
  answers[i - 1] = at < since and remove(KEYS[i], ARGV[i]) or 0
end
return answers
`);

/**
 * KEYS: the index, and the prefix of value keys. ARGV: the hash before the first, and a limit. The script returns 1 if
 * there are no more, the hash after which to continue, and hash, size and last put of each value.
 */
export const LIST = valkeyScript(`
${COMMON}
local base, after, limit = KEYS[2], ARGV[1], tonumber(ARGV[2])
local found, looked, complete = {}, 0, 0
while #found < 3 * limit and looked < 5000 do
  local from = after == '' and '-' or '(' .. after
  local hashes = redis.call('ZRANGE', index, from, '+', 'BYLEX', 'LIMIT', 0, limit - #found / 3)
  if #hashes == 0 then
    complete = 1
    break
  end
  for _, hash in ipairs(hashes) do
    local key = base .. hash
    local length = redis.call('STRLEN', key)
    if length == 0 then
      redis.call('ZREM', index, hash)
    else
      found[#found + 1] = hash
      found[#found + 1] = tostring(length - ${HEADER_BYTES})
      found[#found + 1] = redis.call('GETRANGE', key, 0, ${HEADER_BYTES - 1})
    end
  end
  looked = looked + #hashes
  after = hashes[#hashes]
end
return { complete, after, unpack(found) }
`);
