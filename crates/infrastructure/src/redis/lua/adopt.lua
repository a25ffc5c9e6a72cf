-- Takes in purchases that an earlier life of this gate accepted and that were lost on the way.
--
-- The same number and key, a new position; window and pause are not judged, since they were when
-- it was accepted. What is adopted goes to the outbox under the epoch of now.
--
-- KEYS and ARGV 1 to 4: see fence.lua. Then for each purchase:
-- ARGV  buyer
--       item, 43 bytes, and extras: see fence.lua
-- Reply: `O`, TIME, a letter each: A adopted, now or already; refused: K the key already stands
-- for another purchase, L no room under the limit, S no unit.

local head, refusal = enter()
if refusal then
  return refusal
end

local stock, sold, count, position = head.stock, head.sold, head.count, head.position
local records, order, letters, adopted = {}, {}, {}, {}
for i = 5, #ARGV, 2 do
  local buyer, given = ARGV[i], ARGV[i + 1]
  local record = records[buyer] or redis.call('HGET', buyers_key, buyer) or ''
  if #record > 0 and byte(record) ~= FORMAT then
    return refuse('NEWER', head.epoch)
  end
  local key, bits, qty = sub(given, 1, 16), sub(given, 17, 26), byte(given, 27)

  local present, key_taken, units, ordinal = false, false, 0, 0
  for at = 2, #record, ITEM do
    ordinal = ordinal + 1
    if sub(record, at + 16, at + 25) == bits then
      present = true
    elseif sub(record, at, at + 15) == key then
      key_taken = true
    end
    if byte(record, at + 42) % 2 == 0 then
      units = units + byte(record, at + 26)
    end
  end

  if present then
    letters[#letters + 1] = 'A'
  elseif key_taken then
    letters[#letters + 1] = 'K'
  elseif units + qty > head.limit then
    letters[#letters + 1] = 'L'
  elseif qty > stock then
    letters[#letters + 1] = 'S'
  else
    stock, sold, position = stock - qty, sold + qty, position + 1
    -- The receipt stays as it was answered; only the place is new.
    local remaining = struct.unpack('>I4', sub(given, 34, 37))
    local packed = item(sub(given, 1, 27), sub(given, 28, 33), remaining, position)
    if record == '' then
      record, count = string.char(FORMAT), count + 1
    end
    if not records[buyer] then
      order[#order + 1] = buyer
    end
    records[buyer] = record .. packed
    adopted[#adopted + 1] = entry_item(packed, ordinal + 1, units + qty, buyer, sub(given, 44))
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
    'position', int(position), 'version', int(head.version + 1))
  enqueue('purchases', head.epoch, 'b', table.concat(adopted))
  announce_stock(head.version + 1, stock)
end
return { 'O', int(raw), table.concat(letters) }
