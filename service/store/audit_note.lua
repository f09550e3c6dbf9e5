-- Note an act that changes nothing: a refusal, or one that needs no other key than the audit's. (audit.lua stands in
-- front of this.)
--
-- KEYS 1 audit  2 audit of the alert  3 notes of the key that acted
-- ARGV 1 entry  2 notes of a key in a minute, max (0: any)  3 lines of an alert, max
-- Returns 1, or 0 where that key has had its notes of this minute.

-- 1. Whoever is refused again and again must not push real acts out of the audit.
if tonumber(ARGV[2]) > 0 then
  local noted = redis.call('INCR', KEYS[3])
  if noted == 1 then redis.call('PEXPIRE', KEYS[3], 60000) end
  if noted > tonumber(ARGV[2]) then return 0 end
end

-- 2. The line, and where the alert has lines already, beside those: they live as long as the alert does.
written(KEYS[1], ARGV[1], 0)
if redis.call('LLEN', KEYS[2]) < tonumber(ARGV[3]) then redis.call('RPUSHX', KEYS[2], ARGV[1]) end
return 1
