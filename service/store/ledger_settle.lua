-- Write down what became of devices that were begun.
--
-- KEYS 1 ledger  2 delivery
-- ARGV 1 version  2 accepted  3 failed for good  4 token gone  5 not delivered, to be tried again (all bitmaps)
--      6 counter of acceptances  7 lifetime of the delivery figures (ms)  8… further counters: name, by how much, …
-- An acceptance is counted once, however often it is written down.
local size = #ARGV[2]
local zero = string.rep('\0', size)

local function add(field, bytes)
  local before = redis.call('HGET', KEYS[1], field) or zero
  local after, new = {}, 0
  for i = 1, size do
    local had, more = string.byte(before, i), string.byte(bytes, i)
    after[i] = bit.bor(had, more)
    local fresh = bit.band(more, bit.bnot(had))
    while fresh > 0 do new = new + 1; fresh = bit.band(fresh, fresh - 1) end
  end
  redis.call('HSET', KEYS[1], field, string.char(unpack(after)))
  return new
end

if ARGV[2] ~= zero then
  local accepted = add(ARGV[1] .. ':ok', ARGV[2])
  if accepted > 0 then redis.call('HINCRBY', KEYS[2], ARGV[6], accepted) end
end
if ARGV[3] ~= zero then add(ARGV[1] .. ':fail', ARGV[3]) end
if ARGV[4] ~= zero then add('gone', ARGV[4]) end
if ARGV[5] ~= zero then
  -- the last try did not take place: its mark goes, the earlier ones stay
  local back = {string.byte(ARGV[5], 1, size)}
  for try = 3, 1, -1 do
    local field = ARGV[1] .. ':t' .. try
    local bytes = redis.call('HGET', KEYS[1], field)
    if bytes then
      local after = {}
      for i = 1, size do
        local tried = string.byte(bytes, i)
        after[i] = bit.band(tried, bit.bnot(back[i]))
        back[i] = bit.band(back[i], bit.bnot(tried))
      end
      redis.call('HSET', KEYS[1], field, string.char(unpack(after)))
    end
  end
end
for i = 8, #ARGV, 2 do redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[2], ARGV[7])
