-- The fence: what every script asks before it answers anything, rejections included.
--
-- Concatenated before each script. Every script has the same first arguments:
--
-- KEYS  1 head    hash of the sale: generation, epoch, inc, open, version, stock, sold, starts,
--                 ends, limit, paused, end_reason, last_now, count, position, definition, price,
--                 acknowledge
--       2 buyers  hash of the sale: buyer -> record
--       3 sales   hash of the shard: sku -> generation, version, `live`, `shut` or `deleted`
--       4 outbox  stream of the shard
--       5 feed    channel of the shard
-- ARGV  1 generation, 32 hex digits
--       2 epoch that the caller knows, or `*` if it knows none yet
--       3 not-after: milliseconds of this server's own clock; later, nothing is done
--       4 sku
--
-- A refusal changes nothing and is one string: `-NAME <TIME in ms> <epoch of the head or ->`; where
-- there is no head, the last that the shard's list knows of the sku, if any.
--   LATE              the not-after has passed: the caller has stopped waiting
--   NOT_MASTER        a demoted master keeps its clients, and must not answer them
--   OTHER_GENERATION  the head is of another creation of the sku
--   DELETED           the sale is gone
--   OTHER_EPOCH       the caller knows another life of this gate
--   CLOSED            no head, or not of this life of this data, or buyers are missing, or not
--                     open: the sale must be restored
--   NEWER             a newer version of this program wrote a record that this one cannot read
-- Any other answer is `O` and the TIME in ms first, as six bytes in a string or as a field.
--
-- `inc` is the life of this data: `run_id` changes at a restart, `master_replid` at a promotion
-- and a failback, so data that was rolled back is never taken for the present.

local FORMAT = 1 -- of records, entries and messages
local ITEM = 43 -- bytes of a purchase in a record: see item()
local HAS_PRICE = 2 -- bit of an entry's extras: see entry_item()
local CHANGES_PER_EPOCH = 1000000000 -- as the domain has it: what versions of an epoch begin with

local sub, byte, find = string.sub, string.byte, string.find
local pack, floor = struct.pack, math.floor
local head_key, buyers_key, sales_key, outbox_key, feed_key =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local generation, epoch, sku = ARGV[1], ARGV[2], ARGV[4]

-- Numbers as text: `tostring` keeps 14 digits, a version needs 16. `%d` is several times faster, and
-- where a long has 32 bits it holds no more than this.
local function int(number)
  return string.format(number < 2147483648 and '%d' or '%.0f', number)
end

-- TIME twice in one script differs, so it is read once.
local time = redis.call('TIME')
local raw = time[1] * 1000 + floor(time[2] / 1000)
local info = redis.call('INFO', 'server', 'replication')
-- What stands behind a name in INFO: by a plain search, since a pattern is tried at each of its bytes.
local function told(name)
  local _, last = find(info, '\n' .. name .. ':', 1, true)
  return sub(info, last + 1, find(info, '\r', last, true) - 1)
end
local inc = told('run_id') .. ':' .. told('master_replid')

local function refuse(name, head_epoch)
  return '-' .. name .. ' ' .. int(raw) .. ' ' .. (head_epoch or '-')
end

-- Whether this server may answer at all; nil if it may.
local function refuse_here()
  if raw > tonumber(ARGV[3]) then
    return refuse('LATE')
  end
  if told('role') ~= 'master' then
    return refuse('NOT_MASTER')
  end
end

local function is_listed_deleted()
  local listed = redis.call('HGET', sales_key, sku)
  return listed and sub(listed, 1, 32) == generation and sub(listed, -7) == 'deleted'
end

-- The last version that the list knows of the sku, of whichever creation, and the epoch that it is of:
-- versions never fall for a sku, although a ledger that came back older has forgotten it.
local function listed_version()
  local listed = redis.call('HGET', sales_key, sku)
  return listed and tonumber(string.match(listed, ' (%d+) ')) or 0
end
local function listed_epoch()
  local version = listed_version()
  return version > 0 and int(floor(version / CHANGES_PER_EPOCH)) .. '.0000000000000000' or nil
end

-- What answers of this sale must have survived, `gate` or `ledger`. A head that an older version
-- wrote says it in its definition alone, where every quote inside a text is escaped.
local function acknowledge_of(field)
  if field then
    return field
  end
  local definition = redis.call('HGET', head_key, 'definition') or ''
  return find(definition, '"acknowledge":"ledger"', 1, true) and 'ledger' or 'gate'
end

-- The head behind the whole fence, or nil and the refusal. Who judges the number of buyers
-- itself says so, and gets it as `buyers`.
local function enter(judges_count)
  local refusal = refuse_here()
  if refusal then
    return nil, refusal
  end
  local h = redis.call('HMGET', head_key, 'generation', 'deleted', 'epoch', 'inc', 'open',
    'version', 'stock', 'sold', 'starts', 'ends', 'limit', 'paused', 'end_reason', 'last_now',
    'count', 'position', 'price', 'acknowledge')
  if not h[1] then
    return nil, refuse(is_listed_deleted() and 'DELETED' or 'CLOSED', listed_epoch())
  end
  if h[1] ~= generation then
    return nil, refuse('OTHER_GENERATION', h[3])
  end
  if h[2] then
    return nil, refuse('DELETED', h[3])
  end
  if epoch ~= '*' and h[3] ~= epoch then
    return nil, refuse('OTHER_EPOCH', h[3])
  end
  local buyers = redis.call('HLEN', buyers_key)
  if h[4] ~= inc or h[5] ~= '1' or (buyers ~= tonumber(h[15]) and not judges_count) then
    return nil, refuse('CLOSED', h[3])
  end
  local ends, last_now = tonumber(h[10]), tonumber(h[14])
  local now = math.max(raw, last_now)
  -- Once it was judged to be over it stays so, although this clock, or that of the Redis which takes
  -- over, goes back. One write in a sale's life; where nothing can be written the clock alone tells.
  if now >= ends and last_now < ends then
    redis.pcall('HSET', head_key, 'last_now', int(now))
  end
  return {
    epoch = h[3], version = tonumber(h[6]), stock = tonumber(h[7]), sold = tonumber(h[8]),
    starts = tonumber(h[9]), ends = ends, limit = tonumber(h[11]),
    paused = h[12], end_reason = h[13], count = tonumber(h[15]), position = tonumber(h[16]),
    price = h[17] or '', acknowledge = h[18], buyers = buyers, now = now,
  }
end

-- Whether a restore may go on: the gate is its own, closed, and in the life that it closed.
local function refuse_restore()
  local refusal = refuse_here()
  if refusal then
    return refusal
  end
  local h = redis.call('HMGET', head_key, 'epoch', 'inc', 'open')
  if h[1] ~= epoch or h[2] ~= inc or h[3] ~= '0' then
    return refuse('CLOSED', h[1])
  end
end

-- One purchase in a record: key 16, bits 10, units 1 | instant 6, remaining 4, position 5,
-- flags 1 (1: cancelled). `taken` is the first 27 bytes, and `at` the instant's, as the caller has them.
local function item(taken, at, remaining, position)
  return taken .. at .. pack('>I4I5B', remaining, position, 0)
end

-- A purchase as an outbox entry carries it: the item, its place among its buyer's, what the
-- buyer held after it, the buyer, and the extras: a flag byte, then what its bits say is there,
-- a traceparent (1) and a price (2).
local function entry_item(packed, ordinal, held_after, buyer, extras)
  return packed .. pack('>I2BI2', ordinal, held_after, #buyer) .. buyer .. extras
end

-- Tells all nodes that the sale has this version now. `mark` is `live`, `shut` or `deleted`.
local function announce(version, mark, kind, more)
  local told = int(version)
  redis.call('HSET', sales_key, sku, generation .. ' ' .. told .. ' ' .. mark)
  redis.call('PUBLISH', feed_key, '{"format":' .. FORMAT .. ',"kind":"' .. kind .. '","sku":"' ..
    sku .. '","generation":"' .. generation .. '","version":' .. told .. more .. '}')
end

local function announce_stock(version, stock)
  announce(version, 'live', 'stock', ',"stock":' .. int(stock))
end

local function announce_change(version)
  announce(version, 'live', 'change', '')
end

-- An outbox entry; returns its id. The generation stands beside the body, so that a scan for
-- one sale decodes nothing else.
local function enqueue(kind, head_epoch, ...)
  return redis.call('XADD', outbox_key, '*', 'f', FORMAT, 'k', kind, 'g', generation, 's', sku,
    'e', head_epoch, ...)
end

-- The whole state of the sale for the caller: `O`, TIME, and these fields as they stand now.
local function state(...)
  local fields = redis.call('HMGET', head_key, 'epoch', 'version', 'stock', 'sold', 'starts',
    'ends', 'limit', 'paused', 'end_reason', 'definition', 'position', 'last_now')
  return { 'O', int(raw), fields, ... }
end
