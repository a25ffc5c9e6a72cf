-- Reads a part of the buyers. Changes nothing of the sale.
--
-- KEYS and ARGV 1 to 4: see fence.lua.
-- ARGV  5 cursor, 6 count
-- Reply: `O`, TIME, epoch, price, next cursor, buyer and record by turns.

local head, refusal = enter()
if refusal then
  return refusal
end
local page = redis.call('HSCAN', buyers_key, ARGV[5], 'COUNT', ARGV[6])
return { 'O', int(raw), head.epoch, head.price, page[1], page[2] }
