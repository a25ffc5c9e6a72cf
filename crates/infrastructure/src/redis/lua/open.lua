-- Opens a sale that the catalogue has just recorded and that nobody has bought from.
--
-- KEYS and ARGV 1 to 4: see fence.lua; the epoch is the one that the catalogue gave.
-- ARGV  5 version, 6 stock, 7 starts, 8 ends, 9 limit, 10 paused 0|1, 11 end_reason or '',
--       12 definition, 13 price, 14 acknowledge
-- Reply: the state, see fence.lua; that of the open sale if it was opened before. A sku that was told
-- under this version or a higher one is restored instead, above it.

local refusal = refuse_here()
if refusal then
  return refusal
end
if redis.call('EXISTS', head_key) == 1 or is_listed_deleted() then
  local head, closed = enter()
  if closed then
    return closed
  end
  return state()
end
if listed_version() >= tonumber(ARGV[5]) then
  return refuse('CLOSED', listed_epoch())
end

redis.call('HSET', head_key, 'generation', generation, 'epoch', epoch, 'inc', inc, 'open', '1',
  'version', ARGV[5], 'stock', ARGV[6], 'sold', '0', 'starts', ARGV[7], 'ends', ARGV[8],
  'limit', ARGV[9], 'paused', ARGV[10], 'end_reason', ARGV[11], 'last_now', int(raw),
  'count', '0', 'position', '0', 'definition', ARGV[12],
  'price', ARGV[13], 'acknowledge', ARGV[14])
redis.call('UNLINK', buyers_key)
announce_change(tonumber(ARGV[5]))
return state()
