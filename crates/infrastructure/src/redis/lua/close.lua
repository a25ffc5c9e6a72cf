-- Restore, step 2: takes this gate for an epoch that the ledger has just given.
--
-- What was accepted stands in buyers and outbox until step 5; the head says from now on that
-- nobody is to be answered. A head of this number or a higher one is left alone. The price stays,
-- since step 3 reads what was sold at it, and so does the time by which was judged, whoever did. So
-- does the sale's definition, if it is of the life that
-- was opened last, however many restores have come to nothing since, or of a later one, which a
-- ledger that came back older has forgotten: a change may hold here whose commit was lost. Of
-- another life, the wrong side of a partition perhaps, it is nobody's.
--
-- KEYS and ARGV 1 to 4: see fence.lua; the epoch is the new one.
-- ARGV  5 number of the epoch, 6 epoch that was opened last
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

local h = redis.call('HMGET', head_key, 'generation', 'deleted', 'epoch', 'inc', 'open',
  'defined_in')
if h[1] and h[1] ~= generation then
  return refuse('OTHER_GENERATION', h[3])
end
if h[2] then
  return refuse('DELETED', h[3])
end
if h[3] == epoch and h[4] == inc and h[5] == '0' then
  return closed()
end
local function number(of)
  return tonumber(string.match(of, '^%d+'))
end
if h[3] and number(h[3]) >= tonumber(ARGV[5]) then
  return { 'O', int(raw), 'passed' }
end

-- Written before the old head is gone: at the memory limit this is refused, and nothing is done.
local life, opened = h[5] == '0' and h[6] or h[3] or '0', ARGV[6]
redis.call('HSET', head_key, 'generation', generation, 'epoch', epoch, 'inc', inc, 'open', '0',
  'defined_in', life)
redis.call('HDEL', head_key, 'stock', 'sold', 'count', 'position', 'written')
if life ~= opened and number(life) <= number(opened) then
  redis.call('HDEL', head_key, 'version', 'starts', 'ends', 'limit', 'paused', 'end_reason',
    'definition', 'acknowledge')
end
return closed()
