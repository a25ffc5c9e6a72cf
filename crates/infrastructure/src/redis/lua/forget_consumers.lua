-- Forgets the consumers of a stream's group that hold nothing and have been silent for long.
--
-- One step: to delete a consumer deletes what it holds, so that nobody would take that over.
--
-- KEYS: 1 the stream. ARGV: 1 the group, 2 milliseconds since the consumer asked last.
-- Reply: how many were forgotten.

local forgotten = 0
for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for at = 1, #fields, 2 do
    consumer[fields[at]] = fields[at + 1]
  end
  if consumer.pending == 0 and consumer.idle >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
    forgotten = forgotten + 1
  end
end
return forgotten
