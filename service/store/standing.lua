-- How wires stand, with what stands at the offset of a mark: all in one moment, in one answer, nothing changed.
--
-- KEYS  head, wire and dispute of each, one after the other
-- ARGV  the offset to look at, of each
-- Returns for each: {epoch|'', offset, first offset|0, newest offset ever|0, digest at the offset|'', disputed|''}
local found = {}
for at = 1, #KEYS, 3 do
  local head = redis.call('HMGET', KEYS[at], 'epoch', 'offset')
  local first, last, digest = 0, 0, ''
  if redis.call('EXISTS', KEYS[at + 1]) == 1 then
    local about = redis.call('XINFO', 'STREAM', KEYS[at + 1])
    for field = 1, #about, 2 do
      if about[field] == 'last-generated-id' then last = tonumber(string.match(about[field + 1], '^%d+')) end
      if about[field] == 'first-entry' and about[field + 1] then first = tonumber(string.match(about[field + 1][1], '^%d+')) end
    end
    local place = ARGV[(at + 2) / 3] .. '-0'
    local entry = redis.call('XRANGE', KEYS[at + 1], place, place)[1]
    if entry then
      for field = 1, #entry[2], 2 do
        if entry[2][field] == 'chain' then digest = entry[2][field + 1] end
      end
      -- what append.lua did not write vouches for itself alone
      if digest == '' then digest = redis.sha1hex(table.concat(entry[2])) end
    end
  end
  found[#found + 1] = {head[1] or '', tonumber(head[2] or '0'), first, last, digest, redis.call('GET', KEYS[at + 2]) or ''}
end
return found
