-- Decides a batch of attempts in order, as one atomic step: `domain::decide`, inside Redis.
--
-- KEYS and ARGV 1 to 4: see fence.lua.
-- ARGV  5 whether this node tells of no purchase that is not in the ledger: 0|1
-- Then for each attempt, at most 256:
-- ARGV  buyer
--       blob: key 16 bytes, bits 10, units 1, extras without a price: a node may not know it yet,
--       so that the entry gets the head's
--
-- Reply, one string: `O`, TIME 6 bytes, now 6, version after 7, position before 5, stock before
-- 4, bytes of the price 1, the price of every purchase in the reply; a letter an attempt; what
-- the letters call for, in order; whether what was accepted must be in the ledger before it is told
-- 1, bytes of the outbox id 1, the id, if any, and if it must be, the entry's body, so that who asked
-- commits the same bytes as a worker.
--   A accepted, the buyer's first                 B accepted: ordinal 2, held after 1
--   R replayed: item, ordinal 2, held after 1     K the key bought another quantity
--   D over the limit: as R, the newest purchase   L over the limit, holding nothing
--   N not active                                  S sold out
--
-- One read of the batch's buyers and one write of each kind a batch, not an attempt: `writes` are
-- the buyers and new records of those who bought in this very batch, `place` tells where in it a
-- buyer's record is. Lua's `unpack` bounds the batch.

local head, refusal = enter()
if refusal then
  return refusal
end

local now, limit = head.now, head.limit
local stock, sold, position, count = head.stock, head.sold, head.position, head.count
local price = head.price
local accepting = head.starts <= now and now < head.ends
  and head.paused ~= '1' and head.end_reason == ''

local buyers, n = {}, (#ARGV - 5) / 2
for i = 1, n do
  buyers[i] = ARGV[4 + 2 * i]
end
local held = redis.call('HMGET', buyers_key, unpack(buyers))

local letters, receipts, accepted, writes, place = {}, {}, {}, {}, {}
local taken = 0
local at, format, priced = pack('>I6', now), string.char(FORMAT), price ~= ''
for i = 1, n do
  local buyer, blob = buyers[i], ARGV[5 + 2 * i]
  local written = place[buyer]
  local record = written and writes[written] or held[i]
  local qty = byte(blob, 27)

  -- What the buyer holds, and whether this key has bought before.
  local units, ordinal, known = 0, 0, nil
  if record then
    if byte(record) ~= FORMAT then
      return refuse('NEWER', head.epoch)
    end
    local key = sub(blob, 1, 16)
    for item_at = 2, #record, ITEM do
      ordinal = ordinal + 1
      if byte(record, item_at + 42) % 2 == 0 then
        units = units + byte(record, item_at + 26)
      end
      if sub(record, item_at, item_at + 15) == key then
        known = item_at
        break
      end
    end
  end

  local letter
  if known and byte(record, known + 26) ~= qty then
    letter = 'K'
  elseif known then
    letter = 'R'
    receipts[#receipts + 1] = sub(record, known, known + ITEM - 1) .. pack('>I2B', ordinal, units)
  elseif units + qty > limit and ordinal == 0 then
    letter = 'L'
  elseif units + qty > limit then
    letter = 'D'
    receipts[#receipts + 1] = sub(record, -ITEM) .. pack('>I2B', ordinal, units)
  elseif not accepting then
    letter = 'N'
  elseif qty > stock then
    letter = 'S'
  else
    stock, sold, position = stock - qty, sold + qty, position + 1
    ordinal, units = ordinal + 1, units + qty
    local packed = item(sub(blob, 1, 27), at, stock, position)
    if not record then
      record, count = format, count + 1
    end
    taken = taken + 1
    if not written then
      written = #writes + 2
      place[buyer], writes[written - 1] = written, buyer
    end
    writes[written] = record .. packed
    local extras = sub(blob, 28)
    if priced then
      extras = string.char(byte(extras) + HAS_PRICE) .. sub(extras, 2) .. price
    end
    accepted[taken] = entry_item(packed, ordinal, units, buyer, extras)
    letter = 'A'
    if ordinal > 1 then
      letter = 'B'
      receipts[#receipts + 1] = pack('>I2B', ordinal, units)
    end
  end
  letters[i] = letter
end

-- A level that only newer versions know is more than this gate's word.
local strict = ARGV[5] == '1' or acknowledge_of(head.acknowledge) ~= 'gate'
local version, id, body = head.version, '', ''
if taken > 0 then
  version = version + 1
  redis.call('HSET', buyers_key, unpack(writes))
  redis.call('HSET', head_key, 'stock', int(stock), 'sold', int(sold), 'count', int(count),
    'version', int(version), 'position', int(position), 'last_now', int(now))
  local entry = table.concat(accepted)
  id = enqueue('purchases', head.epoch, 'b', entry)
  body = strict and entry or ''
  announce_stock(version, stock)
end

return 'O' .. pack('>I6I6I7I5I4B', raw, now, version, head.position, head.stock, #price)
  .. price .. table.concat(letters) .. table.concat(receipts)
  .. pack('>BB', strict and 1 or 0, #id) .. id .. body
