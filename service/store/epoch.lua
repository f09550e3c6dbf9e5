-- Begin another life of a wire, if it is still in the one that is to end: a new epoch, and offsets that go on.
--
-- KEYS 1 head  2 wire  3 dispute
-- ARGV 1 the epoch that is to end ('': none was ever given)  2 the new epoch
-- Returns the epoch that the wire has now.
local epoch = redis.call('HGET', KEYS[1], 'epoch') or ''
if epoch ~= ARGV[1] then return epoch end

-- Entries of earlier lives stay; the stream takes no id at or below the newest that it ever had.
local offset = tonumber(redis.call('HGET', KEYS[1], 'offset') or '0')
if redis.call('EXISTS', KEYS[2]) == 1 then
  local about = redis.call('XINFO', 'STREAM', KEYS[2])
  for at = 1, #about, 2 do
    if about[at] == 'last-generated-id' then
      offset = math.max(offset, tonumber(string.match(about[at + 1], '^%d+')))
    end
  end
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'offset', string.format('%d', offset))
redis.call('DEL', KEYS[3])
return ARGV[2]
