-- Restore, step 3: reads a part of what this gate still holds. Changes nothing.
--
-- KEYS and ARGV 1 to 4: see fence.lua; the epoch is that of the restore.
-- ARGV  5 cursor, 6 count
-- Reply: `O`, TIME, price, next cursor, buyer and record by turns; or a refusal, if the gate is no
-- longer this restore's.

local refusal = refuse_restore()
if refusal then
  return refusal
end
local page = redis.call('HSCAN', buyers_key, ARGV[5], 'COUNT', ARGV[6])
return { 'O', int(raw), redis.call('HGET', head_key, 'price') or '', page[1], page[2] }
