-- Restore, step 5: writes a part of the ledger's purchases, in the order of their positions.
--
-- KEYS and ARGV 1 to 4: see fence.lua; the epoch is that of the restore.
-- ARGV  5 purchases written before this part; 0 empties the buyers first
--       then for each purchase: buyer, item of 43 bytes
-- Reply: `O`, TIME, purchases written until now; or a refusal, if the gate is no longer this
-- restore's or another part is missing.

local refusal = refuse_restore()
if refusal then
  return refusal
end
local before = tonumber(ARGV[5])
local written = tonumber(redis.call('HGET', head_key, 'written') or '0')
local given = (#ARGV - 5) / 2
if written == before + given and given > 0 then
  return { 'O', int(raw), int(written) } -- sent again, and done before
end
if before == 0 then
  redis.call('HSET', head_key, 'written', '0', 'count', '0')
  redis.call('UNLINK', buyers_key)
elseif written ~= before then
  return refuse('CLOSED', epoch)
end

local records, order = {}, {}
for i = 6, #ARGV, 2 do
  local buyer = ARGV[i]
  if not records[buyer] then
    order[#order + 1] = buyer
    records[buyer] = redis.call('HGET', buyers_key, buyer) or string.char(FORMAT)
  end
  records[buyer] = records[buyer] .. ARGV[i + 1]
end
if #order > 0 then
  local writes = {}
  for i, buyer in ipairs(order) do
    writes[2 * i - 1], writes[2 * i] = buyer, records[buyer]
  end
  -- What is written is counted, not what is there in the end: buyers that are lost meanwhile are
  -- missed.
  redis.call('HINCRBY', head_key, 'count', redis.call('HSET', buyers_key, unpack(writes)))
end
redis.call('HSET', head_key, 'written', int(before + given))
return { 'O', int(raw), int(before + given) }
