-- Restore, end of step 5 and step 6: writes window, limit and counters, and opens.
--
-- KEYS and ARGV 1 to 4: see fence.lua; the epoch is that of the restore.
-- ARGV  5 version, 6 stock, 7 starts, 8 ends, 9 limit, 10 paused 0|1, 11 end_reason or '',
--       12 definition, 13 price, 14 acknowledge, 15 sold, 16 position, 17 newest instant of a
--       purchase, 18 purchases
-- Reply: the state, see fence.lua; or a refusal, if the gate is no longer this restore's or not
-- all purchases were written.

local refusal = refuse_restore()
if refusal then
  return refusal
end
if redis.call('HGET', head_key, 'written') ~= ARGV[18] then
  return refuse('CLOSED', epoch)
end
redis.call('HSET', head_key, 'version', ARGV[5], 'stock', ARGV[6], 'sold', ARGV[15],
  'starts', ARGV[7], 'ends', ARGV[8], 'limit', ARGV[9], 'paused', ARGV[10],
  'end_reason', ARGV[11], 'definition', ARGV[12], 'price', ARGV[13],
  'acknowledge', ARGV[14],
  'position', ARGV[16],
  'last_now', int(math.max(raw, tonumber(ARGV[17]))),
  'count', int(redis.call('HLEN', buyers_key)), 'open', '1')
redis.call('HDEL', head_key, 'written')
announce_change(tonumber(ARGV[5]))
return state()
