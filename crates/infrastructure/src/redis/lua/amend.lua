-- Replaces the definition of a sale that has not started, its stock with it.
--
-- The caller holds the ledger's row and commits the same after this; so a repeat finds its own
-- work, one version ahead.
--
-- KEYS and ARGV 1 to 4: see fence.lua.
-- ARGV  5 version that was seen, 6 stock, 7 starts, 8 ends, 9 limit, 10 paused,
--       11 end reason, 12 definition, 13 price, 14 acknowledge; 10 and 11 as they were seen
-- Reply: `O`, TIME, then `applied` and the version, `not upcoming`, or `moved`.

local head, refusal = enter()
if refusal then
  return refusal
end

local seen = tonumber(ARGV[5])
-- Its own work, and not a pause or an end that came between: that moved the version too.
if head.version == seen + 1 and redis.call('HGET', head_key, 'definition') == ARGV[12]
  and head.paused == ARGV[10] and head.end_reason == ARGV[11] then
  return { 'O', int(raw), 'applied', int(head.version) }
end
if head.end_reason ~= '' or head.stock == 0 or head.sold > 0 or head.now >= head.starts then
  return { 'O', int(raw), 'not upcoming' }
end
if head.version ~= seen then
  return { 'O', int(raw), 'moved' }
end

redis.call('HSET', head_key, 'version', int(seen + 1), 'stock', ARGV[6], 'starts', ARGV[7],
  'ends', ARGV[8], 'limit', ARGV[9], 'definition', ARGV[12], 'price', ARGV[13],
  'acknowledge', ARGV[14], 'last_now', int(head.now))
announce_change(seen + 1)
return { 'O', int(raw), 'applied', int(seen + 1) }
