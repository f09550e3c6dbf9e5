-- Idempotency-Keys, in front of every script that does what an editor asked for: the same key gets the same answer.
-- `answer` is a hash of fingerprint, answer and cursor; `answers` lists an API key's answers by time.

-- What a key has been answered, as that script's reply; nil where it is new.
local function replayed(answer)
  local known = redis.call('HMGET', answer, 'fingerprint', 'answer', 'cursor')
  if known[1] then return {'replay', known[1], known[2], known[3]} end
end

-- Keep an answer for `lifetime` ms, and no more than `max` of them; `key` ends the name `answer`.
local function keep(answers, answer, key, fingerprint, said, cursor, now, lifetime, max)
  redis.call('HSET', answer, 'fingerprint', fingerprint, 'answer', said, 'cursor', cursor)
  redis.call('PEXPIRE', answer, lifetime)
  redis.call('ZADD', answers, now, key)
  redis.call('PEXPIRE', answers, lifetime)
  redis.call('ZREMRANGEBYSCORE', answers, '-inf', now - tonumber(lifetime))
  local over = redis.call('ZCARD', answers) - tonumber(max)
  if over > 0 then
    local prefix = string.sub(answer, 1, #answer - #key)
    for _, old in ipairs(redis.call('ZRANGE', answers, 0, over - 1)) do redis.call('DEL', prefix .. old) end
    redis.call('ZREMRANGEBYRANK', answers, 0, over - 1)
  end
end

