-- Begin a run over one block: may it go on, and what has been done already?
--
-- KEYS 1 alert  2 versions  3 ledger  4 plan
-- ARGV 1 version of the job  2 platform  3 lifetime (ms)
-- Returns {'moved'} (another version is current) | {'still', state} (nothing may be sent in this state)
--       | {'open', runs, devices planned, {version records}, {ledger field, value, …}}
--
-- The first run of a usable alert puts out the fuse, in this call: from here on append.lua refuses to undo.
local current = redis.call('HMGET', KEYS[1], 'version', 'state')
if current[1] ~= ARGV[1] then return {'moved'} end
if current[2] == 'published' then
  redis.call('HSETNX', KEYS[1], 'pushing', ARGV[1])
elseif current[2] ~= 'canceled' then
  return {'still', current[2] or ''}
end
local runs = redis.call('HINCRBY', KEYS[3], ARGV[1] .. ':runs', 1)
redis.call('PEXPIRE', KEYS[3], ARGV[3])
local planned = redis.call('HGET', KEYS[4], ARGV[2]) or '0'
return {'open', runs, planned, redis.call('LRANGE', KEYS[2], 0, -1), redis.call('HGETALL', KEYS[3])}
