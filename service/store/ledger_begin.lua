-- Note a batch of devices as tried, before anything is sent to them; nothing at all if the alert has moved on.
--
-- KEYS 1 alert  2 ledger
-- ARGV 1 version  2 state it was opened in  3 wanted (bitmap)  4 sends allowed per device and version (1..3)
-- Returns {'moved'} | {'begun', bitmap}: those of `wanted` that may be sent to now
--
-- A device's tries of a version are counted in unary: its bit in <version>:t1, then also in :t2, then also in :t3.
local current = redis.call('HMGET', KEYS[1], 'version', 'state')
if current[1] ~= ARGV[1] or current[2] ~= ARGV[2] then return {'moved'} end
local size = #ARGV[3]
local zero = string.rep('\0', size)
local allowed = tonumber(ARGV[4])
local known = redis.call('HMGET', KEYS[2], ARGV[1] .. ':ok', ARGV[1] .. ':fail', 'gone',
  ARGV[1] .. ':t1', ARGV[1] .. ':t2', ARGV[1] .. ':t3')
local left = {string.byte(ARGV[3], 1, size)}
local begun = {}
for i = 1, size do begun[i] = 0 end
for ended = 1, 3 do
  local bytes = known[ended] or zero
  for i = 1, size do left[i] = bit.band(left[i], bit.bnot(string.byte(bytes, i))) end
end
for try = 1, allowed do
  local bytes = known[3 + try] or zero
  local now = {}
  for i = 1, size do
    local tried = string.byte(bytes, i)
    local new = bit.band(left[i], bit.bnot(tried))
    begun[i] = bit.bor(begun[i], new)
    left[i] = bit.band(left[i], tried)
    now[i] = bit.bor(tried, new)
  end
  redis.call('HSET', KEYS[2], ARGV[1] .. ':t' .. try, string.char(unpack(now)))
end
return {'begun', string.char(unpack(begun))}
