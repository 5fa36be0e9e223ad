import { LUA_NOW, valkeyScript } from '../../shared/valkey';
import { HEADER_BYTES } from './record';

/** Chunks live so much longer than what refers to them, so that a reader who has just seen that finds them. */
const CHUNKS_LIVE_ON_MS = 60 * 60 * 1000;

/**
 * What the scripts have in common. KEYS: the index of all hashes, the beginning of the keys of chunks, then the key of each value (but where a
 * script says otherwise).
 */
const COMMON = `
${LUA_NOW}
local index, chunk = KEYS[1], KEYS[2]

local function noted()
  return string.format('%015d', math.floor(now()))
end

local function live(key, ttl)
  if ttl > 0 then redis.call('PEXPIRE', key, ttl) else redis.call('PERSIST', key) end
end

local function chunksOf(key)
  if redis.call('GETRANGE', key, 0, 0) ~= 'c' then return nil, 0 end
  local upload, count, size = redis.call('GETRANGE', key, ${HEADER_BYTES}, -1):match('^(%S+) (%d+) (%d+)$')
  return upload, tonumber(count or 0), tonumber(size or 0)
end

local function removeChunks(upload, count)
  for n = 0, count - 1 do redis.call('UNLINK', chunk .. upload .. ':' .. n) end
end

local function remove(key, hash)
  local upload, count = chunksOf(key)
  if upload then removeChunks(upload, count) end
  redis.call('ZREM', index, hash)
  return redis.call('UNLINK', key)
end

-- Lets chunks live as long as their value; false where one is missing.
local function keepChunks(upload, count, ttl)
  for n = 0, count - 1 do
    local key = chunk .. upload .. ':' .. n
    if redis.call('EXISTS', key) == 0 then return false end
    live(key, ttl > 0 and ttl + ${CHUNKS_LIVE_ON_MS} or 0)
  end
  return true
end

-- Notes a put of what is there, and answers whether it is. What has lost a chunk is not.
local function keep(key, hash, ttl)
  if redis.call('EXISTS', key) == 0 then return false end
  local upload, count = chunksOf(key)
  if upload and not keepChunks(upload, count, ttl) then
    remove(key, hash)
    return false
  end
  redis.call('SETRANGE', key, 1, noted())
  live(key, ttl)
  redis.call('ZADD', index, 0, hash)
  return true
end

-- Nothing tells of a value whose time has run out: each put looks at two hashes of the index.
local function sweep(ttl)
  if ttl == 0 then return end
  local base = KEYS[3]:sub(1, #KEYS[3] - #ARGV[2])
  for _, hash in ipairs(redis.call('ZRANDMEMBER', index, 2)) do
    if redis.call('EXISTS', base .. hash) == 0 then redis.call('ZREM', index, hash) end
  end
end
`;

/** ARGV: time to live, then hash and bytes of each value. */
export const PUT = valkeyScript(`
${COMMON}
local ttl = tonumber(ARGV[1])
for i = 3, #KEYS do
  local hash = ARGV[2 * (i - 2)]
  if not keep(KEYS[i], hash, ttl) then
    redis.call('SET', KEYS[i], 'b' .. noted() .. ARGV[2 * (i - 2) + 1])
    live(KEYS[i], ttl)
    redis.call('ZADD', index, 0, hash)
  end
end
sweep(ttl)
`);

/** ARGV: time to live, hash, upload, number of chunks, size. Answers 0 where chunks are gone. */
export const FINISH = valkeyScript(`
${COMMON}
local ttl, hash, upload, count = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
if not keepChunks(upload, count, ttl) then return 0 end
if keep(KEYS[3], hash, ttl) then
  removeChunks(upload, count)
else
  redis.call('SET', KEYS[3], 'c' .. noted() .. upload .. ' ' .. count .. ' ' .. ARGV[5])
  live(KEYS[3], ttl)
  redis.call('ZADD', index, 0, hash)
end
sweep(ttl)
return 1
`);

/** ARGV: upload, number of chunks. Removes them unless they belong to the value of KEYS[3], which may be left out. */
export const DISCARD = valkeyScript(`
${COMMON}
if KEYS[3] and chunksOf(KEYS[3]) == ARGV[1] then return end
removeChunks(ARGV[1], tonumber(ARGV[2]))
`);

/** ARGV: time to live, then the hash of each value. Answers 1 for each that is there, else 0. */
export const KEEP = valkeyScript(`
${COMMON}
local answers = {}
for i = 3, #KEYS do answers[i - 2] = keep(KEYS[i], ARGV[i - 1], tonumber(ARGV[1])) and 1 or 0 end
return answers
`);

/** KEYS: of values only. Answers 1 for each that is there, else 0. */
export const EXIST = valkeyScript(`
local answers = {}
for i, key in ipairs(KEYS) do answers[i] = redis.call('EXISTS', key) end
return answers
`);

/** ARGV: the time before which a value is to have been put, or `inf`; then the hash of each. Answers 1 for each that was deleted, else 0. */
export const DELETE = valkeyScript(`
${COMMON}
local since = tonumber(ARGV[1]) or math.huge
local answers = {}
for i = 3, #KEYS do
  local at = tonumber(redis.call('GETRANGE', KEYS[i], 1, ${HEADER_BYTES - 1})) or 0
  answers[i - 2] = at < since and remove(KEYS[i], ARGV[i - 1]) or 0
end
return answers
`);

/**
 * KEYS: the index, and the beginning of the keys of values. ARGV: the hash behind which to begin, how many. Answers whether that is all
 * that there is, behind which hash to go on, and then hash, size and time of the last put of each.
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
      local upload, _, size = chunksOf(key)
      found[#found + 1] = hash
      found[#found + 1] = tostring(upload and size or length - ${HEADER_BYTES})
      found[#found + 1] = redis.call('GETRANGE', key, 1, ${HEADER_BYTES - 1})
    end
  end
  looked = looked + #hashes
  after = hashes[#hashes]
end
return { complete, after, unpack(found) }
`);
