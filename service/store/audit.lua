-- The audit, in front of every script that writes a line of it.

-- Add a line, and keep about `max` of them (0: whoever else writes takes the old ones away). Each has a number and a
-- digest over itself and the line before, `chain`, so that one that was changed, taken away or slipped in is found.
local function written(audit, entry, max)
  local newest = redis.call('XREVRANGE', audit, '+', '-', 'COUNT', 1)[1]
  local before = newest and newest[2][3] == 'chain' and newest[2][4] or '0:'
  local number = tonumber(string.match(before, '^%d+')) + 1
  local chain = string.format('%d:', number) .. redis.sha1hex(before .. entry)
  if tonumber(max) > 0 then
    redis.call('XADD', audit, 'MAXLEN', '~', max, '*', 'entry', entry, 'chain', chain)
  else
    redis.call('XADD', audit, '*', 'entry', entry, 'chain', chain)
  end
end
