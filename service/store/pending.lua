-- Keep one version of what is not public: all of it or nothing. (audit.lua and answers.lua stand in front of this.)
--
-- KEYS 1 pending alert  2 pending  3 due  4 discarded  5 audit  6 audit of the alert  7 answers  8 answer  9 alert
-- ARGV 1 alert id  2 pending JSON  3 version  4 expected version (0: it is new)  5 state  6 due (ms, '' for no embargo)
--      7 now (ms)  8 idempotency key ('' for none)  9 fingerprint  10 answer JSON  11 audit JSON  12 lifetime (ms)
--      13 answer lifetime (ms)  14 answers max  15 audit max  16 pending max  17 discarded max
-- Returns {'ok'} | {'replay', fingerprint, answer, ''} | {'stale', current version} | {'full'}
local keyed = ARGV[8] ~= ''
local known = keyed and replayed(KEYS[8])
if known then return known end

local expected = tonumber(ARGV[4])
-- What has been published meanwhile is pending no longer, and has the later version.
local current = tonumber(redis.call('HGET', KEYS[9], 'version') or redis.call('HGET', KEYS[1], 'version') or '0')
if current ~= expected then return {'stale', current} end
if expected == 0 and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[16]) then return {'full'} end

redis.call('HSET', KEYS[1], 'version', ARGV[3], 'state', ARGV[5], 'pending', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[12])
if ARGV[5] == 'discarded' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZADD', KEYS[4], ARGV[7], ARGV[1])
  redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -tonumber(ARGV[17]) - 1)
else
  redis.call('ZADD', KEYS[2], 'NX', ARGV[7], ARGV[1])
end
if ARGV[6] == '' then redis.call('ZREM', KEYS[3], ARGV[1]) else redis.call('ZADD', KEYS[3], ARGV[6], ARGV[1]) end
redis.call('RPUSH', KEYS[6], ARGV[11])
redis.call('PEXPIRE', KEYS[6], ARGV[12])
written(KEYS[5], ARGV[11], ARGV[15])

if keyed then keep(KEYS[7], KEYS[8], ARGV[8], ARGV[9], ARGV[10], '', tonumber(ARGV[7]), ARGV[13], ARGV[14]) end
return {'ok'}
