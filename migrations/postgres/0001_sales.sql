-- Sales: which exist, and the lock that every life of their gates takes.
--
-- One row is one creation of a sku (a generation). A deleted sale keeps its row as a tombstone, so
-- that a late entry of the outbox is recognised, and so that the epoch of a recreated sku, and with
-- it every version, starts above the last one.
--
-- initial_stock is what the sale was created with (a correction before its start moves it);
-- stock is what is on offer in all now, and what sold may never exceed.
-- epoch (number, nonce) is compared by equality only; whoever writes purchases holds this row.
-- restore_until is a courtesy between restorers, no fence: the epoch is the fence.
-- end_reason is not stored but for the admin's end: the other reasons follow from stock and window.
CREATE TABLE sales (
    generation      uuid PRIMARY KEY,
    sku             text COLLATE "C" NOT NULL,
    epoch_number    bigint NOT NULL,
    epoch_nonce     bigint NOT NULL,
    restore_until   timestamptz NOT NULL DEFAULT to_timestamp(0),
    product_name    text NOT NULL,
    initial_stock   integer NOT NULL,
    stock           integer NOT NULL,
    sold            integer NOT NULL DEFAULT 0,
    starts          timestamptz(3) NOT NULL,
    ends            timestamptz(3) NOT NULL,
    limit_per_buyer integer NOT NULL,
    acknowledge     text NOT NULL,
    paused          boolean NOT NULL,
    ended_by_admin  boolean NOT NULL,
    version         bigint NOT NULL,
    created_at      timestamptz(3) NOT NULL,
    deleted_at      timestamptz(3),

    -- Invariant I1, second line: whatever a gate said, no more units stand than are on offer.
    CONSTRAINT sold_within_stock CHECK (sold <= stock),
    CONSTRAINT sales_sold_not_negative CHECK (sold >= 0),
    CONSTRAINT sales_stock_not_negative CHECK (stock >= 0),
    CONSTRAINT sales_initial_stock_positive CHECK (initial_stock > 0),
    CONSTRAINT sales_limit_positive CHECK (limit_per_buyer > 0),
    CONSTRAINT sales_window_forward CHECK (starts < ends),
    CONSTRAINT sales_acknowledge_known CHECK (acknowledge IN ('gate', 'ledger'))
)
-- Every commit moves sold and nothing that is indexed: room in the page keeps that update local.
WITH (fillfactor = 50);

-- At most one living sale of a sku, under any concurrency; finds it too.
CREATE UNIQUE INDEX sales_living_sku_once ON sales (sku) WHERE deleted_at IS NULL;

-- Pages of living sales, newest first; the generation tells sales of one millisecond apart.
CREATE INDEX sales_newest_first ON sales (created_at DESC, generation DESC) WHERE deleted_at IS NULL;

-- The highest epoch of a sku, tombstones included: where a recreated sale starts.
CREATE INDEX sales_last_epoch ON sales (sku, epoch_number DESC);
