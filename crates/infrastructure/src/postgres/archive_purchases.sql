-- Moves the purchases of the sale $1, whose row the caller holds, to the archive as of $2.
--
-- One statement, so that a purchase is in one of the two tables at every instant.
WITH moved AS (
    DELETE FROM purchases WHERE generation = $1 RETURNING *
)
INSERT INTO purchases_archive (
    purchase_no, bits, generation, epoch_number, epoch_nonce, buyer, purchased_at, qty, key_hash,
    remaining, position, ordinal, held_after, limit_per_buyer, cancelled, traceparent,
    unit_price_minor, currency, deleted_at
)
SELECT
    purchase_no, bits, generation, epoch_number, epoch_nonce, buyer, purchased_at, qty, key_hash,
    remaining, position, ordinal, held_after, limit_per_buyer, cancelled, traceparent,
    unit_price_minor, currency, $2
FROM moved
