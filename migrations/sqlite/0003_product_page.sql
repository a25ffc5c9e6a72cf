-- What a shopper reads and sees of a product, and what one unit of it costs.
--
-- picture is a path of the page's own origin or a URL. price_minor is in the smallest unit of
-- currency (ISO 4217); it stands from the start of the sale on, and each purchase has its own copy
-- (unit_price_minor, currency).
ALTER TABLE sales ADD COLUMN description TEXT;
ALTER TABLE sales ADD COLUMN picture TEXT;
ALTER TABLE sales ADD COLUMN price_minor INTEGER
    CONSTRAINT sales_price_not_negative CHECK (price_minor >= 0);
ALTER TABLE sales ADD COLUMN currency TEXT
    CONSTRAINT sales_price_whole CHECK (
        (price_minor IS NULL) = (currency IS NULL) AND currency GLOB '[A-Z][A-Z][A-Z]'
    );
