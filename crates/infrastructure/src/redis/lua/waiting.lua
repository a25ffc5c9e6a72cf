-- Reads a part of what waits in the outbox for the sale, of this life of its gate alone: that nothing
-- does is true of the Redis that was asked. Changes nothing of the sale.
--
-- KEYS and ARGV 1 to 4: see fence.lua.
-- ARGV  5 where to begin, as XRANGE has it, 6 where to end, `+` for the newest entry of now,
--       7 entries of the shard that are looked at
-- Reply: `O`, TIME, the sale's version, the id of the entry to end at, that of the last entry that
-- was looked at, empty if the end is reached, and those of the sale as XRANGE replies them.

local head, refusal = enter()
if refusal then
  return refusal
end

local to = ARGV[6]
if to == '+' then
  local newest = redis.call('XREVRANGE', outbox_key, '+', '-', 'COUNT', 1)[1]
  to = newest and newest[1] or '0-0'
end
local entries = redis.call('XRANGE', outbox_key, ARGV[5], to, 'COUNT', ARGV[7])
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
local last = #entries == tonumber(ARGV[7]) and entries[#entries][1] or ''
return { 'O', int(raw), int(head.version), to, last == to and '' or last, of_sale }
