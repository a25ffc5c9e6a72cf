-- Shuts a sale that the ledger does not know: nothing is accepted or answered any more, and nothing
-- is lost. Whoever meets it asks the ledger, and restores it once that knows it.
--
-- Not behind the whole fence: it is to be shut in whatever life it is met.
--
-- KEYS and ARGV 1 to 4: see fence.lua.
-- Reply: `O`, TIME.

local refusal = refuse_here()
if refusal then
  return refusal
end

local h = redis.call('HMGET', head_key, 'generation', 'deleted', 'epoch', 'version')
if h[1] and h[1] ~= generation then
  return refuse('OTHER_GENERATION', h[3])
end
if h[2] or is_listed_deleted() then
  return refuse('DELETED', h[3])
end
if h[1] then
  redis.call('HSET', head_key, 'open', '0')
end
-- The list outlives a head: without its line nobody would look for the sale again.
local listed = redis.call('HGET', sales_key, sku)
if listed and sub(listed, 1, 32) == generation then
  announce(tonumber(string.match(listed, ' (%d+) ')), 'shut', 'change', '')
end
return { 'O', int(raw) }
