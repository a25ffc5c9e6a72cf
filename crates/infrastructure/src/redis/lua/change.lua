-- Pauses, resumes or ends a sale, as one atomic step with its outbox entry.
--
-- KEYS and ARGV 1 to 4: see fence.lua.
-- ARGV  5 pause | resume | end
-- Reply: the state, see fence.lua, then one of
--   applied, outbox id   the change holds; the entry carries the whole changeable state
--   unchanged            it was so already, and nothing was written
--   ended                the sale is over by this server's clock, and nothing was written

local head, refusal = enter()
if refusal then
  return refusal
end

local change = ARGV[5]
local by_admin = head.end_reason ~= ''
if change == 'end' and by_admin then
  return state('unchanged')
end
if by_admin or head.stock == 0 or head.now >= head.ends then
  return state('ended')
end
local paused = head.paused
if change == 'pause' then
  paused = '1'
elseif change == 'resume' then
  paused = '0'
end
if change ~= 'end' and paused == head.paused then
  return state('unchanged')
end

local end_reason = change == 'end' and 'ENDED_BY_ADMIN' or ''
local version = head.version + 1
redis.call('HSET', head_key, 'paused', paused, 'end_reason', end_reason, 'version', int(version),
  'last_now', int(head.now))
local id = enqueue('change', head.epoch, 'v', int(version), 'p', paused, 'r', end_reason,
  'a', int(head.starts), 'z', int(head.ends), 'l', int(head.limit),
  'b', redis.call('HGET', head_key, 'definition'))
announce_change(version)
return state('applied', id)
