-- Publish one revision: all of it or nothing, in one atomic call. (audit.lua and answers.lua stand in front of this.)
--
-- KEYS 1 head  2 wire  3 history  4 alert  5 versions  6 audit  7 answers  8 answer  9 story  10 audit of the alert
--      11 expiring  12 pending alert  13 pending  14 due  15 flashes
-- ARGV 1 type  2 alert JSON  3 record JSON  4 alert id  5 version  6 expected version (0: the alert is new)
--      7 push (1|0)  8 epoch to be born with  9 now (ms)  10 idempotency key ('' for none)  11 fingerprint
--      12 answer JSON  13 audit JSON  14 wire max  15 history max  16 alert lifetime (ms)
--      17 answer lifetime (ms)  18 answers max  19 audit max  20 state  21 unless pushing (1|0)
--      22 epoch and 23 offset that were seen ('' and 0 for none)  24 expires (ms, '' for a state that does not expire)
--      25 counted as a flash (1|0)  26 flashes after which it is braked ('' for never)  27 that are counted for (ms)
-- Returns {'ok', cursor} | {'replay', fingerprint, answer, cursor} | {'stale', current version} | {'pushing'}
--         | {'braked'} | {'behind'}
local now, keyed = tonumber(ARGV[9]), ARGV[10] ~= ''

-- 1. The same Idempotency-Key has its answer already.
local known = keyed and replayed(KEYS[8])
if known then return known end

-- 2. Is it still the version that the caller decided upon? What is not public yet has its versions in another key.
local alert = redis.call('HMGET', KEYS[4], 'version', 'first', 'pushing')
local expected = tonumber(ARGV[6])
local unpublished = not alert[1] and expected > 0
local current = tonumber(alert[1] or unpublished and redis.call('HGET', KEYS[12], 'version') or '0')
if current ~= expected then return {'stale', current} end
-- The push side sets `pushing` in one call with the first job's look at the state: either it is first, or we are.
if ARGV[21] == '1' and alert[3] then return {'pushing'} end
if ARGV[25] == '1' then
  redis.call('ZREMRANGEBYSCORE', KEYS[15], '-inf', now - tonumber(ARGV[27]))
  if ARGV[26] ~= '' and redis.call('ZCARD', KEYS[15]) >= tonumber(ARGV[26]) then return {'braked'} end
end

-- 3. The next place on the wire; the epoch is born with the wire and lost with it.
local head = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'chain')
local epoch = head[1] or ARGV[8]
local offset = tonumber(head[2] or '0')
if epoch == ARGV[22] and offset < tonumber(ARGV[23]) then return {'behind'} end
local place = string.format('%d', offset + 1)
-- Each entry vouches for all before it, so that a tail finds out when they were exchanged under it.
local chain = redis.sha1hex((head[3] or '') .. ARGV[2])
local cursor = epoch .. ':' .. place
local first = alert[2] or place
redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[14], place .. '-0', 'epoch', epoch, 'type', ARGV[1], 'id', ARGV[4],
  'version', ARGV[5], 'first', first, 'push', ARGV[7], 'alert', ARGV[2], 'chain', chain)
redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', place, 'chain', chain)

-- 4. What the alert is now, what it has been, who did it, and where the history finds it.
redis.call('HSET', KEYS[4], 'record', ARGV[3], 'version', ARGV[5], 'first', first, 'cursor', cursor, 'alert', ARGV[2],
  'state', ARGV[20])
redis.call('RPUSH', KEYS[5], ARGV[3])
local act = string.sub(ARGV[13], 1, -2) .. ',"cursor":"' .. cursor .. '"}'
redis.call('RPUSH', KEYS[10], act)
written(KEYS[6], act, ARGV[19])
for _, name in ipairs({KEYS[4], KEYS[5], KEYS[10]}) do redis.call('PEXPIRE', name, ARGV[16]) end
if ARGV[24] == '' then redis.call('ZREM', KEYS[11], ARGV[4]) else redis.call('ZADD', KEYS[11], ARGV[24], ARGV[4]) end
if not alert[1] then
  redis.call('ZADD', KEYS[3], first, ARGV[4])
  redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -tonumber(ARGV[15]) - 1)
  redis.call('ZADD', KEYS[9], now, ARGV[4])
end
redis.call('PEXPIRE', KEYS[9], ARGV[16])
if ARGV[25] == '1' then
  redis.call('ZADD', KEYS[15], now, ARGV[4])
  redis.call('PEXPIRE', KEYS[15], ARGV[27])
end
if unpublished then
  redis.call('DEL', KEYS[12])
  redis.call('ZREM', KEYS[13], ARGV[4])
  redis.call('ZREM', KEYS[14], ARGV[4])
end

-- 5. The answer, for whoever asks again with the same key.
if keyed then
  keep(KEYS[7], KEYS[8], ARGV[10], ARGV[11], ARGV[12], cursor, now, ARGV[17], ARGV[18])
end
return {'ok', cursor}
