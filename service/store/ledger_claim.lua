-- One ring per story: take the readers of several editions for this one, unless another edition has them already.
--
-- KEYS 1 rung (hash: edition → bitmap)
-- ARGV 1 edition  2 wanted (bitmap)  3 lifetime (ms)
-- Returns the bitmap of those of `wanted` that another edition has rung
local size = #ARGV[2]
local zero = string.rep('\0', size)
local taken, own = {}, {string.byte(redis.call('HGET', KEYS[1], ARGV[1]) or zero, 1, size)}
for i = 1, size do taken[i] = 0 end
local rung = redis.call('HGETALL', KEYS[1])
for n = 1, #rung, 2 do
  if rung[n] ~= ARGV[1] then
    for i = 1, size do taken[i] = bit.bor(taken[i], string.byte(rung[n + 1], i)) end
  end
end
for i = 1, size do
  local wanted = string.byte(ARGV[2], i)
  taken[i] = bit.band(taken[i], wanted)
  own[i] = bit.bor(own[i], bit.band(wanted, bit.bnot(taken[i])))
end
redis.call('HSET', KEYS[1], ARGV[1], string.char(unpack(own)))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return string.char(unpack(taken))
