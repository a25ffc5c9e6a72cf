-- Inserts purchases of one sale, whose row the caller holds, and counts their units as sold.
-- No foreign key looks for the sale: without its row limit_per_buyer is null, which is refused.
--
-- $1 generation, $2 $3 epoch, $4 ... $17 one array a column, in order.
-- Replies the numbers of those that were not there before. What is all new nearly always went by
-- insert_new_purchases.sql instead.
--
-- The conflict target is named: a repeat is harmless, and any other conflict raises. What a person
-- has voided is left out. Wide integers are narrowed here, so that one out of range is an error of
-- its own class (22003) instead of another number. A cancelled purchase has no units that stand.
WITH inserted AS (
    INSERT INTO purchases (
        purchase_no, bits, generation, epoch_number, epoch_nonce, buyer, purchased_at, qty,
        key_hash, remaining, position, ordinal, held_after, limit_per_buyer, cancelled,
        traceparent, unit_price_minor, currency
    )
    SELECT
        r.purchase_no, r.bits, $1, $2, $3, r.buyer, r.purchased_at, r.qty::int4,
        r.key_hash, r.remaining::int4, r.position, r.ordinal::int4, r.held_after::int4,
        (SELECT limit_per_buyer FROM sales WHERE generation = $1), r.cancelled,
        r.traceparent, r.unit_price_minor, r.currency
    FROM UNNEST(
        $4::text[], $5::bytea[], $6::text[], $7::timestamptz[], $8::int8[], $9::bytea[],
        $10::int8[], $11::int8[], $12::int8[], $13::int8[], $14::bool[], $15::text[],
        $16::int8[], $17::text[]
    ) WITH ORDINALITY AS r (
        purchase_no, bits, buyer, purchased_at, qty, key_hash, remaining, position, ordinal,
        held_after, cancelled, traceparent, unit_price_minor, currency, place
    )
    WHERE NOT EXISTS (SELECT FROM voided WHERE voided.purchase_no = r.purchase_no)
    ORDER BY r.place
    ON CONFLICT (purchase_no) DO NOTHING
    RETURNING purchase_no, qty, cancelled
),
counted AS (
    UPDATE sales
    SET sold = sold + (SELECT COALESCE(SUM(qty) FILTER (WHERE NOT cancelled), 0) FROM inserted),
        final_run_at = NULL
    WHERE generation = $1 AND EXISTS (SELECT FROM inserted)
)
SELECT ARRAY(SELECT purchase_no FROM inserted)
