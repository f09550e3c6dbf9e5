-- A wire with everything that append.lua wrote since a moment: all of one instant, for a backup. Nothing is changed.
--
-- KEYS 1 head  2 wire  3 history  4 keys
-- ARGV 1 the offset and 2 the time (ms) from which on alerts and answers are wanted too
-- Returns a list of {name, kind, content, expires (ms, -1 never), fresh (1|0), newest id of a stream|''}
local found = {}
local function expires(name) return redis.call('PEXPIRETIME', name) end
local function hash(name)
  if redis.call('EXISTS', name) == 1 then
    found[#found + 1] = {name, 'hash', redis.call('HGETALL', name), expires(name), 1, ''}
  end
end
local function list(name)
  if redis.call('EXISTS', name) == 1 then
    found[#found + 1] = {name, 'list', redis.call('LRANGE', name, 0, -1), expires(name), 1, ''}
  end
end
local function zset(name)
  if redis.call('EXISTS', name) == 1 then
    found[#found + 1] = {name, 'zset', redis.call('ZRANGE', name, 0, -1, 'WITHSCORES'), expires(name), 1, ''}
  end
end

hash(KEYS[1])
zset(KEYS[3])
if redis.call('EXISTS', KEYS[2]) == 0 then return found end

local last = ''
local about = redis.call('XINFO', 'STREAM', KEYS[2])
for at = 1, #about, 2 do
  if about[at] == 'last-generated-id' then last = about[at + 1] end
end
local entries = redis.call('XRANGE', KEYS[2], '-', '+')
found[#found + 1] = {KEYS[2], 'stream', entries, expires(KEYS[2]), 1, last}

-- Alerts that were changed since: they must say what the wire says.
local seen = {}
for at = #entries, 1, -1 do
  if tonumber(string.match(entries[at][1], '^%d+')) <= tonumber(ARGV[1]) then break end
  local fields = entries[at][2]
  for field = 1, #fields, 2 do
    local id = fields[field] == 'id' and fields[field + 1]
    if id and not seen[id] then
      seen[id] = true
      hash('alert:' .. id)
      list('versions:' .. id)
      list('audit:' .. id)
      local alert = redis.call('HGET', 'alert:' .. id, 'alert')
      if alert then
        local public = cjson.decode(alert)
        zset('story:' .. public['story'] .. (public['status'] == 'Exercise' and ':exercise' or ''))
      end
    end
  end
end

-- Answers to posts on this wire since: with neither more nor fewer of them is a retry one alert and no lie.
local epoch = (redis.call('HGET', KEYS[1], 'epoch') or '') .. ':'
for _, key_id in ipairs(redis.call('SMEMBERS', KEYS[4])) do
  local answers = 'answers:' .. key_id
  local recent = redis.call('ZRANGEBYSCORE', answers, ARGV[2], '+inf', 'WITHSCORES')
  local members = {}
  for at = 1, #recent, 2 do
    local name = 'answer:' .. key_id .. ':' .. recent[at]
    if string.sub(redis.call('HGET', name, 'cursor') or '', 1, #epoch) == epoch then
      hash(name)
      members[#members + 1] = recent[at]
      members[#members + 1] = recent[at + 1]
    end
  end
  if #members > 0 then found[#found + 1] = {answers, 'zset', members, expires(answers), 0, ''} end
end
return found
