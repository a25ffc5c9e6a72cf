-- A page of a sale's purchases as one array.
--
-- ?1: the generation. ?2: the position after which the page begins. ?3: the most purchases of it.
-- A purchase is an array too, in the order of the fields of PurchaseRow in rows.rs.
-- Where the page ends is looked up before, along the primary key: rows of a part with a LIMIT would
-- be copied on their way to the aggregate, which costs as much again as to read them.
SELECT json_group_array(json_array(
    hex(bits), epoch_number, epoch_nonce, buyer, purchased_at, qty, hex(key_hash), remaining,
    position, ordinal, held_after, cancelled, traceparent, unit_price_minor, currency
))
FROM purchases
WHERE generation = ?1 AND position > ?2 AND position <= coalesce(
    (SELECT position FROM purchases
     WHERE generation = ?1 AND position > ?2 ORDER BY position LIMIT 1 OFFSET ?3 - 1),
    9223372036854775807
)
