-- Reads one buyer's record. Changes nothing of the sale.
--
-- KEYS and ARGV 1 to 4: see fence.lua.
-- ARGV  5 buyer
-- Reply: `O`, TIME, the price, the level that the sale asks for, the record or an empty string.

local head, refusal = enter()
if refusal then
  return refusal
end
return { 'O', int(raw), head.price, acknowledge_of(head.acknowledge),
  redis.call('HGET', buyers_key, ARGV[5]) or '' }
