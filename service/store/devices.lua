-- The registry: one device registered, changed or erased, with its token's place in the index and its count, atomically.
--
-- KEYS 1 devices:numbers  2 devices:counts  3 devices:gone  4 devices:key  5 tokens:<shard> of the token
--      6 tokens:<shard> of the token it had (change only)
-- ARGV 1 what: register | change  2 platform  3 devices of a block
--   register: 4 token's field  5 record  6 '1': leave a device that has this token as it is  7 key to be born with
--     → {number, 1 new | 0 known, the registry's key}
--   change:   4 token's field ('' erases)  5 record  6 number  7 record it was decided upon  8 field of the token it had
--             9 how long an heir is remembered (ms)
--     → 1 | 0: another change came first
-- Blocks are named by their numbers, which only the store knows here. A record is a msgpack
-- array of at most 15: shape, gone or nil, and more that cmsgpack could not read (it knows no bin).
local NUMBERS, COUNTS, GONE, KEY, SHARD, OLD_SHARD = unpack(KEYS)
local platform, per_block = ARGV[2], tonumber(ARGV[3])

local function place(number)
  return string.format('block:%s:%d', platform, math.floor(number / per_block)), string.format('%d', number % per_block)
end

-- A tombstone is counted nowhere, and listed for pruning.
local function enter(number, record, by)
  local readable, _, shape, gone = pcall(cmsgpack.unpack_limit, record, 2, 1)  -- behind the array's one byte
  if not (readable and type(shape) == 'string') then return end  -- garbage, which was counted nowhere
  local member = platform .. ':' .. string.format('%d', number)
  if gone then
    if by > 0 then redis.call('ZADD', GONE, gone, member) else redis.call('ZREM', GONE, member) end
  else
    local name = platform .. '|' .. shape
    if redis.call('HINCRBY', COUNTS, name, by) <= 0 then redis.call('HDEL', COUNTS, name) end
  end
end

local function put(number, record)
  local block, bit = place(number)
  local old = redis.call('HGET', block, bit)
  if old then enter(number, old, -1) end
  if record then
    redis.call('HSET', block, bit, record)
    enter(number, record, 1)
  else
    redis.call('HDEL', block, bit)
  end
end

if ARGV[1] == 'register' then
  redis.call('SET', KEY, ARGV[7], 'NX')
  local known = tonumber(redis.call('HGET', SHARD, ARGV[4]))
  local number = known or redis.call('HINCRBY', NUMBERS, platform, 1) - 1
  if not known then redis.call('HSET', SHARD, ARGV[4], string.format('%d', number)) end
  if not (known and ARGV[6] == '1') then put(number, ARGV[5]) end
  return {number, known and 0 or 1, redis.call('GET', KEY)}
end

local number = tonumber(ARGV[6])
local block, bit = place(number)
if redis.call('HGET', block, bit) ~= ARGV[7] then return 0 end
if SHARD ~= OLD_SHARD or ARGV[4] ~= ARGV[8] then
  redis.call('HDEL', OLD_SHARD, ARGV[8])
  if ARGV[4] ~= '' then
    -- The app that holds a token now is the one that is rung: a device that had it is erased, and this one is its
    -- heir, so that what was sent to that token can still be taken back.
    local other = tonumber(redis.call('HGET', SHARD, ARGV[4]))
    if other then
      put(other, nil)
      local heirs = string.format('heirs:%s:%d', platform, math.floor(other / per_block))
      redis.call('HSET', heirs, string.format('%d', other % per_block), string.format('%d', number))
      redis.call('PEXPIRE', heirs, ARGV[9])
    end
    redis.call('HSET', SHARD, ARGV[4], string.format('%d', number))
  end
end
put(number, ARGV[4] ~= '' and ARGV[5] or nil)
return 1
