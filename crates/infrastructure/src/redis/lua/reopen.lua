-- Restore, end of step 5 and step 6: writes window, limit and counters, and opens.
--
-- KEYS and ARGV 1 to 4: see fence.lua; the epoch is that of the restore.
-- ARGV  5 version, 6 stock, 7 starts, 8 ends, 9 limit, 10 paused 0|1, 11 end_reason or '',
--       12 definition, 13 price, 14 acknowledge, 15 sold, 16 position, 17 newest instant that the
--       ledger has of a purchase or of the sale's end, 18 purchases
-- Reply: the state, see fence.lua; or a refusal, if the gate is no longer this restore's, not all
-- purchases were written, or not all buyers are there still.

local refusal = refuse_restore()
if refusal then
  return refusal
end
local h = redis.call('HMGET', head_key, 'written', 'count', 'last_now')
if h[1] ~= ARGV[18] or tonumber(h[2]) ~= redis.call('HLEN', buyers_key) then
  return refuse('CLOSED', epoch)
end
-- Not before what was judged until now: a clock that has gone back opens no window again.
local now = math.max(raw, tonumber(ARGV[17]), tonumber(h[3] or '0'))
redis.call('HSET', head_key, 'version', ARGV[5], 'stock', ARGV[6], 'sold', ARGV[15],
  'starts', ARGV[7], 'ends', ARGV[8], 'limit', ARGV[9], 'paused', ARGV[10],
  'end_reason', ARGV[11], 'definition', ARGV[12], 'price', ARGV[13],
  'acknowledge', ARGV[14],
  'position', ARGV[16],
  'last_now', int(now), 'open', '1')
redis.call('HDEL', head_key, 'written', 'defined_in')
announce_change(tonumber(ARGV[5]))
return state()
