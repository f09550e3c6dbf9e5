-- Count what one device says of one alert: each version once, and only what the device was given.
--
-- KEYS 1 ledger of the device's block  2 the alert's figures
-- ARGV 1 device's bit  2 platform  then pairs: version, shown | opened
-- Returns how many were new. The ledger's fields shown and opened are bitmaps over the block's devices.
local LEDGER, FIGURES = KEYS[1], KEYS[2]
local place, mask = math.floor(ARGV[1] / 8) + 1, bit.lshift(1, ARGV[1] % 8)

local function has(bitmap)
  return bitmap and bit.band(string.byte(bitmap, place) or 0, mask) ~= 0
end

local new = 0
for i = 3, #ARGV, 2 do
  local version, what = ARGV[i], ARGV[i + 1]
  local marked = redis.call('HGET', LEDGER, what)
  if has(redis.call('HGET', LEDGER, version .. ':t1')) and not has(marked) then
    marked = marked or string.rep('\0', 125)
    local byte = string.char(bit.bor(string.byte(marked, place), mask))
    redis.call('HSET', LEDGER, what, string.sub(marked, 1, place - 1) .. byte .. string.sub(marked, place + 1))
    redis.call('HINCRBY', FIGURES, what .. ':' .. ARGV[2], 1)
    new = new + 1
  end
end
-- Figures live as long as the ledger that they are told from.
local left = redis.call('PTTL', LEDGER)
if new > 0 and left > 0 and redis.call('PTTL', FIGURES) < 0 then redis.call('PEXPIRE', FIGURES, left) end
return new
