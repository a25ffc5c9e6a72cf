-- Inserts purchases of one sale, given as one JSON array, an array of columns each.
--
-- ?1 generation, ?2 the purchases: [number, bits as hex, epoch number, epoch nonce, buyer, instant,
-- qty, key as hex, remaining, position, ordinal, held after, cancelled, traceparent, price,
-- currency]. Replies number and units of those that were not there before.
--
-- The conflict target is named: a repeat is harmless, and any other conflict raises. What a person
-- has voided is left out, which is also the WHERE that the parser needs before ON CONFLICT.
-- One statement for all rows, since each execution is a hop to SQLite's thread and back.
INSERT INTO purchases (
    purchase_no, bits, generation, epoch_number, epoch_nonce, buyer, purchased_at, qty,
    key_hash, remaining, position, ordinal, held_after, limit_per_buyer, cancelled,
    traceparent, unit_price_minor, currency
)
SELECT
    r.value ->> 0, unhex(r.value ->> 1), ?1, r.value ->> 2, r.value ->> 3, r.value ->> 4,
    r.value ->> 5, r.value ->> 6, unhex(r.value ->> 7), r.value ->> 8, r.value ->> 9,
    r.value ->> 10, r.value ->> 11, (SELECT limit_per_buyer FROM sales WHERE generation = ?1),
    r.value ->> 12, r.value ->> 13, r.value ->> 14, r.value ->> 15
FROM json_each(?2) AS r
WHERE NOT EXISTS (SELECT 1 FROM voided WHERE voided.purchase_no = r.value ->> 0)
ON CONFLICT (purchase_no) DO NOTHING
RETURNING purchase_no, CASE WHEN cancelled THEN 0 ELSE qty END AS units
