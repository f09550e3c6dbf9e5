-- Count once what a block's first run has found: who is meant, and who is not and why.
--
-- KEYS 1 ledger  2 delivery
-- ARGV 1 field that remembers it  2 its value  3 lifetime of the delivery figures (ms)  4… counters: name, by how much
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return end
for i = 4, #ARGV, 2 do redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
