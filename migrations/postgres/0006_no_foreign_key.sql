-- A purchase is inserted without a look at its sale for each row.
--
-- The foreign key looked up and locked the sale's row once a purchase, and held nothing that is not
-- held without it. Whoever inserts purchases holds that row, in the same transaction. No row of
-- sales is ever deleted: a deleted sale is a tombstone. And the insertion reads the row's
-- limit_per_buyer into a column that is not null, so that without the row it is refused, as data.
--
-- Run beside nodes at work: it waits three seconds at most for sales, and no more than an instant for
-- purchases, since every commit waits meanwhile. Then nothing is changed, and it may be run again.
-- Sales first, as commits take them, lest the two wait for each other.
SET LOCAL lock_timeout = '3s';

LOCK TABLE sales IN ACCESS EXCLUSIVE MODE;
SET LOCAL lock_timeout = '200ms';
LOCK TABLE purchases IN ACCESS EXCLUSIVE MODE;
ALTER TABLE purchases DROP CONSTRAINT purchases_generation_fkey;
