-- Publish one revision: all of it or nothing, in one atomic call.
--
-- KEYS 1 head  2 wire  3 history  4 alert  5 versions  6 audit  7 answers  8 answer
-- ARGV 1 type  2 alert JSON  3 record JSON  4 alert id  5 version  6 expected version (0: the alert is new)
--      7 push (1|0)  8 epoch to be born with  9 now (ms)  10 idempotency key ('' for none)  11 fingerprint
--      12 answer JSON  13 audit JSON  14 wire max  15 history max  16 alert lifetime (ms)
--      17 answer lifetime (ms)  18 answers max  19 audit max  20 state  21 unless pushing (1|0)
--      22 epoch and 23 offset that were seen ('' and 0 for none)
-- Returns {'ok', cursor} | {'replay', fingerprint, answer, cursor} | {'stale', current version} | {'pushing'} | {'behind'}
local now = tonumber(ARGV[9])
local keyed = ARGV[10] ~= ''

-- 1. The same Idempotency-Key has its answer already.
if keyed then
  local known = redis.call('HMGET', KEYS[8], 'fingerprint', 'answer', 'cursor')
  if known[1] then return {'replay', known[1], known[2], known[3]} end
end

-- 2. Is it still the version that the caller decided upon?
local current = tonumber(redis.call('HGET', KEYS[4], 'version') or '0')
if current ~= tonumber(ARGV[6]) then return {'stale', current} end
-- The push side sets `pushing` in one call with the first job's look at the state: either it is first, or we are.
if ARGV[21] == '1' and redis.call('HEXISTS', KEYS[4], 'pushing') == 1 then return {'pushing'} end

-- 3. The next place on the wire; the epoch is born with the wire and lost with it.
redis.call('HSETNX', KEYS[1], 'epoch', ARGV[8])
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch == ARGV[22] and tonumber(redis.call('HGET', KEYS[1], 'offset') or '0') < tonumber(ARGV[23]) then
  return {'behind'}
end
local offset = redis.call('HINCRBY', KEYS[1], 'offset', 1)
-- Each entry vouches for all before it, so that a tail finds out when they were exchanged under it.
local chain = redis.sha1hex((redis.call('HGET', KEYS[1], 'chain') or '') .. ARGV[2])
redis.call('HSET', KEYS[1], 'chain', chain)
local cursor = epoch .. ':' .. string.format('%d', offset)
local first = redis.call('HGET', KEYS[4], 'first') or string.format('%d', offset)
redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[14], string.format('%d', offset) .. '-0',
  'epoch', epoch, 'type', ARGV[1], 'id', ARGV[4], 'version', ARGV[5], 'first', first, 'push', ARGV[7], 'alert', ARGV[2],
  'chain', chain)

-- 4. What the alert is now, what it has been, and where the history finds it.
redis.call('HSET', KEYS[4], 'record', ARGV[3], 'version', ARGV[5], 'first', first, 'cursor', cursor, 'alert', ARGV[2],
  'state', ARGV[20])
redis.call('RPUSH', KEYS[5], ARGV[3])
redis.call('PEXPIRE', KEYS[4], ARGV[16])
redis.call('PEXPIRE', KEYS[5], ARGV[16])
redis.call('ZADD', KEYS[3], first, ARGV[4])
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -tonumber(ARGV[15]) - 1)
redis.call('XADD', KEYS[6], 'MAXLEN', '~', ARGV[19], '*', 'entry', ARGV[13], 'cursor', cursor)

-- 5. The answer, for whoever asks again with the same key.
if keyed then
  redis.call('HSET', KEYS[8], 'fingerprint', ARGV[11], 'answer', ARGV[12], 'cursor', cursor)
  redis.call('PEXPIRE', KEYS[8], ARGV[17])
  redis.call('ZADD', KEYS[7], now, ARGV[10])
  redis.call('PEXPIRE', KEYS[7], ARGV[17])
  redis.call('ZREMRANGEBYSCORE', KEYS[7], '-inf', now - tonumber(ARGV[17]))
  local prefix = string.sub(KEYS[8], 1, #KEYS[8] - #ARGV[10])
  local over = redis.call('ZCARD', KEYS[7]) - tonumber(ARGV[18])
  if over > 0 then
    for _, old in ipairs(redis.call('ZRANGE', KEYS[7], 0, over - 1)) do redis.call('DEL', prefix .. old) end
    redis.call('ZREMRANGEBYRANK', KEYS[7], 0, over - 1)
  end
end
return {'ok', cursor}
