-- Reads the counters in one step, judged by the caller. Changes nothing of the sale.
--
-- KEYS and ARGV: see fence.lua; the number of buyers is told and not judged.
-- Reply: the state, see fence.lua, then the number of buyers as counted and as found.

local head, refusal = enter(true)
if refusal then
  return refusal
end
return state(int(head.count), int(head.buyers))
