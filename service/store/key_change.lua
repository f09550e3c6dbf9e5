-- Change who has a key: all of it or nothing, in one atomic call. (audit.lua and answers.lua stand in front.)
--
-- KEYS 1 key (of revoke-all: the beginning of every key's name)  2 keys  3 version of the keys  4 audit
--      5 key of who asks  6 answers  7 answer
-- ARGV 1 create | rotate | revoke | revoke-all  2 id  3 now (RFC 3339)  4 audit JSON  5 next version of the keys
--      6 whether a key asks (1|0)  7 idempotency key ('' for none)  8 fingerprint  9 answer JSON  10 now (ms)
--      11 answer lifetime (ms)  12 answers max
--      create: 13 digest  14 key JSON  15 keys max
--      rotate: 13 digest that stands  14 next digest  15 former digests JSON
--      revoke-all: 13 test keys alone (1|0)
-- Returns {'ok', keys changed} | {'replay', fingerprint, answer, ''} | {'asker'} | {'none'} | {'full'} | {'moved'}
local what, keyed = ARGV[1], ARGV[7] ~= ''

-- 1. The same Idempotency-Key has its answer already.
local known = keyed and replayed(KEYS[7])
if known then return known end

-- 2. A key that has been ended changes no other, not even in the second in which some process still trusts it.
local function stands(name)
  local kept = redis.call('HMGET', name, 'key', 'revoked')
  return kept[1] and not kept[2]
end
if ARGV[6] == '1' and not stands(KEYS[5]) then return {'asker'} end

-- 3. The change itself.
local changed = 0
local function revoke(name)
  if stands(name) then changed = changed + redis.call('HSETNX', name, 'revoked', ARGV[3]) end
end
if what == 'create' then
  if redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[15]) then return {'full'} end
  redis.call('HSET', KEYS[1], 'digest', ARGV[13], 'key', ARGV[14])
  redis.call('SADD', KEYS[2], ARGV[2])
  changed = 1
elseif what == 'rotate' then
  if not stands(KEYS[1]) then return {'none'} end
  if redis.call('HGET', KEYS[1], 'digest') ~= ARGV[13] then return {'moved'} end
  redis.call('HSET', KEYS[1], 'digest', ARGV[14], 'former', ARGV[15])
  changed = 1
elseif what == 'revoke' then
  if redis.call('HEXISTS', KEYS[1], 'key') == 0 then return {'none'} end
  revoke(KEYS[1])
else
  for _, id in ipairs(redis.call('SMEMBERS', KEYS[2])) do
    local kept = redis.call('HGET', KEYS[1] .. id, 'key')
    if kept and (ARGV[13] == '0' or cjson.decode(kept).test) then revoke(KEYS[1] .. id) end
  end
end

-- 4. Every process reads the keys anew when it sees another version; what changed nothing leaves no line.
if changed > 0 then
  redis.call('SET', KEYS[3], ARGV[5])
  written(KEYS[4], ARGV[4], 0)
end

-- 5. The answer, for whoever asks again with the same key; of revoke-all, the number.
if keyed then
  local said = what == 'revoke-all' and string.format('{"revoked":%d}', changed) or ARGV[9]
  keep(KEYS[6], KEYS[7], ARGV[7], ARGV[8], said, '', tonumber(ARGV[10]), ARGV[11], ARGV[12])
end
return {'ok', changed}
