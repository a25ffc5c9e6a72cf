-- Whether anything of a sale is voided, which every commit asks: by sale, and without reading what is
-- voided of all the others.
--
-- Run beside nodes at work: it waits three seconds at most for what voids a purchase. Then nothing is
-- changed, and it may be run again.
SET LOCAL lock_timeout = '3s';

CREATE INDEX voided_by_sale ON voided (generation);
