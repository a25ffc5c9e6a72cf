-- Puts purchases of the ledger that this gate has lost into their places.
--
-- Never over the stock nor over the limit: counters that disagree are for a restore to repair.
-- Nothing goes to the outbox, since the ledger has them.
--
-- KEYS and ARGV 1 to 4: see fence.lua. Then for each purchase:
-- ARGV  buyer
--       item, 43 bytes: see fence.lua
-- Reply: `O`, TIME, a letter each: A added, P present, R refused.

local head, refusal = enter()
if refusal then
  return refusal
end

local stock, sold, count, last = head.stock, head.sold, head.count, head.position
local records, order, letters = {}, {}, {}
for i = 5, #ARGV, 2 do
  local buyer, given = ARGV[i], ARGV[i + 1]
  local record = records[buyer] or redis.call('HGET', buyers_key, buyer) or ''
  if #record > 0 and byte(record) ~= FORMAT then
    return refuse('NEWER', head.epoch)
  end
  local bits, position, qty = sub(given, 17, 26), struct.unpack('>I5', sub(given, 38, 42)), byte(given, 27)
  local cancelled = byte(given, 43) % 2 == 1

  -- Whether it is there, what the buyer holds, and where its position puts it.
  local present, units, before = false, 0, #record + 1
  for at = 2, #record, ITEM do
    if sub(record, at + 16, at + 25) == bits then
      present = true
    end
    if byte(record, at + 42) % 2 == 0 then
      units = units + byte(record, at + 26)
    end
    if at < before and struct.unpack('>I5', sub(record, at + 37, at + 41)) > position then
      before = at
    end
  end

  if present then
    letters[#letters + 1] = 'P'
  elseif not cancelled and (qty > stock or units + qty > head.limit) then
    letters[#letters + 1] = 'R'
  else
    if record == '' then
      record, count, before = string.char(FORMAT), count + 1, 2
    end
    if not records[buyer] then
      order[#order + 1] = buyer
    end
    records[buyer] = sub(record, 1, before - 1) .. given .. sub(record, before)
    if not cancelled then
      stock, sold = stock - qty, sold + qty
    end
    last = math.max(last, position)
    letters[#letters + 1] = 'A'
  end
end

if #order > 0 then
  local writes = {}
  for i, buyer in ipairs(order) do
    writes[2 * i - 1], writes[2 * i] = buyer, records[buyer]
  end
  redis.call('HSET', buyers_key, unpack(writes))
  redis.call('HSET', head_key, 'stock', int(stock), 'sold', int(sold), 'count', int(count),
    'position', int(last), 'version', int(head.version + 1))
  announce_stock(head.version + 1, stock)
end
return { 'O', int(raw), table.concat(letters) }
