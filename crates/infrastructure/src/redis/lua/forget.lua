-- Forgets a sale that was ended, drained and buried in the ledger under the epoch of ARGV 2.
--
-- Not behind the whole fence: whatever this gate has of the sale is to go, open or not. What is
-- left for a while says DELETED to those who have not heard.
--
-- KEYS and ARGV 1 to 4: see fence.lua.
-- ARGV  5 version of the burial, 6 milliseconds that the head is kept
-- Reply: `O`, TIME.

local refusal = refuse_here()
if refusal then
  return refusal
end

redis.call('DEL', head_key)
redis.call('HSET', head_key, 'generation', generation, 'deleted', '1', 'epoch', epoch)
redis.call('PEXPIRE', head_key, ARGV[6])
redis.call('UNLINK', buyers_key)

-- The sku may have been created again: its entry is of another generation then, and stays.
local listed = redis.call('HGET', sales_key, sku)
if not listed or sub(listed, 1, 32) == generation then
  announce(tonumber(ARGV[5]), 'deleted', 'change', '')
end
return { 'O', int(raw) }
