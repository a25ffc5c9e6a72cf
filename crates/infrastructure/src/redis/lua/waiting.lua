-- Reads a part of what waits in the outbox for the sale, of this life of its gate alone: that nothing
-- does is true of the Redis that was asked. Changes nothing of the sale.
--
-- KEYS and ARGV 1 to 4: see fence.lua.
-- ARGV  5 where to begin, as XRANGE has it, 6 entries of the shard that are looked at
-- Reply: `O`, TIME, the id of the last entry that was looked at, empty if there are no more, and
-- those of the sale as XRANGE replies them.

local head, refusal = enter()
if refusal then
  return refusal
end

local entries = redis.call('XRANGE', outbox_key, ARGV[5], '+', 'COUNT', ARGV[6])
local of_sale = {}
for _, entry in ipairs(entries) do
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == 'g' and fields[i + 1] == generation then
      of_sale[#of_sale + 1] = entry
      break
    end
  end
end
local last = #entries == tonumber(ARGV[6]) and entries[#entries][1] or ''
return { 'O', int(raw), last, of_sale }
