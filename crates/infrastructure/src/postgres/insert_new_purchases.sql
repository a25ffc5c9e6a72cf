-- Inserts purchases of one sale, whose row the caller holds, and counts their units as sold; or does
-- nothing, if any of their positions is taken, or anything of the sale is voided.
-- What nearly always happens, without what insert_purchases.sql pays for each row to know a repeat.
--
-- $1 generation, $2 $3 epoch, $4 ... $17 one array a column, in order; $18 $19 lowest and highest of
-- each unbroken run of positions, $20 the units that stand.
-- By the number of rows that were inserted it tells whether it did anything.
--
-- A repeat has the position that it has on record. Whatever else is in the way raises, and the
-- commit is tried again by insert_purchases.sql, which knows what it is.
-- The order asks for the index of positions, whatever the plan was made for.
-- The sale is looked at before the rows: this statement began after its row was taken, and so sees
-- all that was committed under it.
WITH counted AS (
    UPDATE sales
    SET sold = sold + $20::int8, final_run_at = NULL
    WHERE generation = $1
        AND NOT EXISTS (SELECT FROM voided WHERE voided.generation = $1)
        AND NOT EXISTS (
            SELECT FROM UNNEST($18::int8[], $19::int8[]) AS run (lowest, highest), LATERAL (
                SELECT FROM purchases
                WHERE generation = $1 AND position BETWEEN run.lowest AND run.highest
                ORDER BY position
                LIMIT 1
            ) AS taken
        )
    RETURNING limit_per_buyer
)
INSERT INTO purchases (
    purchase_no, bits, generation, epoch_number, epoch_nonce, buyer, purchased_at, qty,
    key_hash, remaining, position, ordinal, held_after, limit_per_buyer, cancelled,
    traceparent, unit_price_minor, currency
)
SELECT
    r.purchase_no, r.bits, $1, $2, $3, r.buyer, r.purchased_at, r.qty::int4,
    r.key_hash, r.remaining::int4, r.position, r.ordinal::int4, r.held_after::int4,
    counted.limit_per_buyer, r.cancelled, r.traceparent, r.unit_price_minor, r.currency
FROM counted, UNNEST(
    $4::text[], $5::bytea[], $6::text[], $7::timestamptz[], $8::int8[], $9::bytea[],
    $10::int8[], $11::int8[], $12::int8[], $13::int8[], $14::bool[], $15::text[],
    $16::int8[], $17::text[]
) AS r (
    purchase_no, bits, buyer, purchased_at, qty, key_hash, remaining, position, ordinal,
    held_after, cancelled, traceparent, unit_price_minor, currency
)
