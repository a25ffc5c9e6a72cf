-- Copies the purchases of the sale ?1 to the archive as of ?2; the caller removes them in the same
-- transaction.
INSERT INTO purchases_archive (
    purchase_no, bits, generation, epoch_number, epoch_nonce, buyer, purchased_at, qty, key_hash,
    remaining, position, ordinal, held_after, limit_per_buyer, cancelled, traceparent,
    unit_price_minor, currency, deleted_at
)
SELECT
    purchase_no, bits, generation, epoch_number, epoch_nonce, buyer, purchased_at, qty, key_hash,
    remaining, position, ordinal, held_after, limit_per_buyer, cancelled, traceparent,
    unit_price_minor, currency, ?2
FROM purchases
WHERE generation = ?1
