-- Restore, step 2: takes this gate for an epoch that the ledger has just given.
--
-- What was accepted stands in buyers and outbox until step 5; the head says from now on that
-- nobody is to be answered. A head of this number or a higher one is left alone. The price stays,
-- since step 3 reads what was sold at it. So does the sale's definition, if the head was of the
-- epoch that the ledger was in: a change may hold here whose commit was lost. Of another epoch,
-- the wrong side of a partition perhaps, it is nobody's.
--
-- KEYS and ARGV 1 to 4: see fence.lua; the epoch is the new one.
-- ARGV  5 number of the epoch, 6 epoch that the ledger was in
-- Reply: `O`, TIME, `passed` if somebody else took the gate for a later epoch, or `closed` and what
-- is kept of the sale: version, starts, ends, limit, paused, end reason, definition; or nothing.

local refusal = refuse_here()
if refusal then
  return refusal
end

local function closed()
  local kept = redis.call('HMGET', head_key, 'version', 'starts', 'ends', 'limit', 'paused',
    'end_reason', 'definition')
  if kept[7] then
    return { 'O', int(raw), 'closed', unpack(kept) }
  end
  return { 'O', int(raw), 'closed' }
end

local h = redis.call('HMGET', head_key, 'generation', 'deleted', 'epoch', 'inc', 'open')
if h[1] and h[1] ~= generation then
  return refuse('OTHER_GENERATION', h[3])
end
if h[2] then
  return refuse('DELETED', h[3])
end
if h[3] == epoch and h[4] == inc and h[5] == '0' then
  return closed()
end
if h[3] and tonumber(string.match(h[3], '^%d+')) >= tonumber(ARGV[5]) then
  return { 'O', int(raw), 'passed' }
end

-- Written before the old head is gone: at the memory limit this is refused, and nothing is done.
redis.call('HSET', head_key, 'generation', generation, 'epoch', epoch, 'inc', inc, 'open', '0')
redis.call('HDEL', head_key, 'stock', 'sold', 'last_now', 'count', 'position', 'written')
if h[3] ~= ARGV[6] then
  redis.call('HDEL', head_key, 'version', 'starts', 'ends', 'limit', 'paused', 'end_reason',
    'definition', 'acknowledge')
end
return closed()
