-- What a shopper reads and sees of a product, and what one unit of it costs.
--
-- picture is a path of the page's own origin or a URL. price_minor is in the smallest unit of
-- currency (ISO 4217); it stands from the start of the sale on, and each purchase has its own copy
-- (unit_price_minor, currency).
--
-- Run beside nodes at work: it waits three seconds at most for what reads or writes sales, since
-- every purchase would wait behind it. Then nothing is changed, and it may be run again.
SET LOCAL lock_timeout = '3s';

ALTER TABLE sales
    ADD COLUMN description text,
    ADD COLUMN picture     text,
    ADD COLUMN price_minor bigint,
    ADD COLUMN currency    text COLLATE "C",
    ADD CONSTRAINT sales_price_whole CHECK (
        (price_minor IS NULL) = (currency IS NULL) AND currency ~ '^[A-Z]{3}$'
    ),
    ADD CONSTRAINT sales_price_not_negative CHECK (price_minor >= 0);
