-- Reads the sale as it stands. Changes nothing of the sale.
--
-- KEYS and ARGV: see fence.lua.
-- Reply: the state, see fence.lua.

local head, refusal = enter()
if refusal then
  return refusal
end
return state()
