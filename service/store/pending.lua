-- Keep one version of what is not public: all of it or nothing. (audit.lua and answers.lua stand in front of this.)
--
-- KEYS 1 pending alert  2 pending  3 due  4 discarded  5 audit  6 audit of the alert  7 answers  8 answer  9 alert
-- ARGV 1 alert id  2 pending JSON  3 version  4 expected version (0: it is new)  5 state  6 due (ms, '' for no embargo)
--      7 now (ms)  8 idempotency key ('' for none)  9 fingerprint  10 answer JSON  11 audit JSON  12 lifetime (ms)
--      13 answer lifetime (ms)  14 answers max  15 audit max  16 pending max  17 discarded max  18 drill (1|0)
--      19 drafts max  20 drills max  21 beginning of every pending alert's name  22 and of every alert's audit
-- Returns {'ok'} | {'replay', fingerprint, answer, ''} | {'stale', current version} | {'full', of what, how many may}
local keyed = ARGV[8] ~= ''
local known = keyed and replayed(KEYS[8])
if known then return known end

local expected = tonumber(ARGV[4])
-- What has been published meanwhile is pending no longer, and has the later version.
local current = tonumber(redis.call('HGET', KEYS[9], 'version') or redis.call('HGET', KEYS[1], 'version') or '0')
if current ~= expected then return {'stale', current} end

-- Neither drafts nor drills may take all the room: an embargo or a flash must find some. They are counted only where
-- there are so many, and what waited for too long, so that nothing but its place is left, gives that up.
local draft, drill = ARGV[5] == 'draft', ARGV[18] == '1'
local max, drafts_max, drills_max = tonumber(ARGV[16]), tonumber(ARGV[19]), tonumber(ARGV[20])
local least = math.min(max, draft and drafts_max or max, drill and drills_max or max)
if expected == 0 and redis.call('ZCARD', KEYS[2]) >= least then
  local all, drafts, drills = 0, 0, 0
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    local kept = redis.call('HMGET', ARGV[21] .. id, 'state', 'drill')
    if not kept[1] then
      redis.call('ZREM', KEYS[2], id)
    else
      all = all + 1
      if kept[1] == 'draft' then drafts = drafts + 1 end
      if kept[2] == '1' then drills = drills + 1 end
    end
  end
  if all >= max then return {'full', 'alerts', max} end
  if draft and drafts >= drafts_max then return {'full', 'drafts', drafts_max} end
  if drill and drills >= drills_max then return {'full', 'drills', drills_max} end
end

redis.call('HSET', KEYS[1], 'version', ARGV[3], 'state', ARGV[5], 'pending', ARGV[2], 'drill', ARGV[18])
redis.call('PEXPIRE', KEYS[1], ARGV[12])
if ARGV[5] == 'discarded' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZADD', KEYS[4], ARGV[7], ARGV[1])
  -- what is listed no more is kept no more: else a script that hands in and takes back would fill the store
  for _, id in ipairs(redis.call('ZRANGE', KEYS[4], 0, -tonumber(ARGV[17]) - 1)) do
    redis.call('DEL', ARGV[21] .. id, ARGV[22] .. id)
  end
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
