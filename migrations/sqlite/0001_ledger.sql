-- The ledger and catalogue of the embedded engine: sales, purchases, archive, aftermath.
--
-- The same tables and the same second lines of the invariants as in the Postgres ledger, in
-- SQLite's types: instants are milliseconds since 1970, generations are 16 bytes, booleans 0 or 1.
-- STRICT, so that a value of the wrong type is refused rather than stored.
-- The engine's journal lives in this file too, in tables of its own.

-- One row is one creation of a sku (a generation); a deleted sale keeps its row as a tombstone, so
-- that the epoch of a recreated sku, and with it every version, starts above the last one.
-- initial_stock is what the sale was created with, stock what is on offer in all now.
CREATE TABLE sales (
    generation      BLOB PRIMARY KEY NOT NULL,
    sku             TEXT NOT NULL,
    epoch_number    INTEGER NOT NULL,
    epoch_nonce     INTEGER NOT NULL,
    product_name    TEXT NOT NULL,
    initial_stock   INTEGER NOT NULL,
    stock           INTEGER NOT NULL,
    sold            INTEGER NOT NULL DEFAULT 0,
    starts          INTEGER NOT NULL,
    ends            INTEGER NOT NULL,
    limit_per_buyer INTEGER NOT NULL,
    acknowledge     TEXT NOT NULL,
    paused          INTEGER NOT NULL,
    ended_by_admin  INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    deleted_at      INTEGER,

    -- Invariant I1, second line: whatever a gate said, no more units stand than are on offer.
    CONSTRAINT sold_within_stock CHECK (sold <= stock),
    CONSTRAINT sales_sold_not_negative CHECK (sold >= 0),
    CONSTRAINT sales_stock_not_negative CHECK (stock >= 0),
    CONSTRAINT sales_initial_stock_positive CHECK (initial_stock > 0),
    CONSTRAINT sales_limit_positive CHECK (limit_per_buyer > 0),
    CONSTRAINT sales_window_forward CHECK (starts < ends),
    CONSTRAINT sales_acknowledge_known CHECK (acknowledge IN ('gate', 'ledger'))
) STRICT;

-- At most one living sale of a sku, under any concurrency; finds it too.
CREATE UNIQUE INDEX sales_living_sku_once ON sales (sku) WHERE deleted_at IS NULL;

-- Pages of living sales, newest first; the generation tells sales of one millisecond apart.
CREATE INDEX sales_newest_first ON sales (created_at DESC, generation DESC) WHERE deleted_at IS NULL;

-- The highest epoch of a sku, tombstones included: where a recreated sale starts.
CREATE INDEX sales_last_epoch ON sales (sku, epoch_number DESC);

-- One row an accepted attempt. Kept in the order of its primary key, sale and position, which is
-- how purchases are written and paged; that key is also the second line of invariant I1.
-- limit_per_buyer is the sale's limit when the row was written.
CREATE TABLE purchases (
    purchase_no      TEXT NOT NULL,
    bits             BLOB NOT NULL,
    generation       BLOB NOT NULL REFERENCES sales (generation),
    epoch_number     INTEGER NOT NULL,
    epoch_nonce      INTEGER NOT NULL,
    buyer            TEXT NOT NULL,
    purchased_at     INTEGER NOT NULL,
    qty              INTEGER NOT NULL,
    key_hash         BLOB NOT NULL,
    remaining        INTEGER NOT NULL,
    position         INTEGER NOT NULL,
    ordinal          INTEGER NOT NULL,
    held_after       INTEGER NOT NULL,
    limit_per_buyer  INTEGER NOT NULL,
    cancelled        INTEGER NOT NULL,
    traceparent      TEXT,
    unit_price_minor INTEGER,
    currency         TEXT,

    CONSTRAINT purchases_position_once PRIMARY KEY (generation, position),
    -- The conflict target that makes the commit of an entry idempotent.
    CONSTRAINT purchases_number_once UNIQUE (purchase_no),

    -- Invariant I2, second line: a buyer's purchases are counted without a double...
    CONSTRAINT purchases_ordinal_once UNIQUE (generation, buyer, ordinal),
    -- ...and none may lead above the limit.
    CONSTRAINT purchases_within_limit CHECK (held_after <= limit_per_buyer),

    -- Invariant I6: one attempt key of a buyer is one purchase.
    CONSTRAINT purchases_key_once UNIQUE (generation, buyer, key_hash),

    -- What no gate of ours writes: a row that breaks one of these is poisoned, not drift.
    CONSTRAINT purchases_qty_positive CHECK (qty > 0),
    CONSTRAINT purchases_position_positive CHECK (position > 0),
    CONSTRAINT purchases_ordinal_positive CHECK (ordinal > 0),
    CONSTRAINT purchases_remaining_not_negative CHECK (remaining >= 0),
    CONSTRAINT purchases_bits_length CHECK (length(bits) = 10),
    CONSTRAINT purchases_key_hash_length CHECK (length(key_hash) = 16),
    CONSTRAINT purchases_price_whole CHECK (
        (unit_price_minor IS NULL) = (currency IS NULL) AND currency GLOB '[A-Z][A-Z][A-Z]'
    )
) STRICT, WITHOUT ROWID;

-- Purchases of deleted sales until retention ends; the rows passed the constraints above.
CREATE TABLE purchases_archive (
    purchase_no      TEXT PRIMARY KEY NOT NULL,
    bits             BLOB NOT NULL,
    generation       BLOB NOT NULL,
    epoch_number     INTEGER NOT NULL,
    epoch_nonce      INTEGER NOT NULL,
    buyer            TEXT NOT NULL,
    purchased_at     INTEGER NOT NULL,
    qty              INTEGER NOT NULL,
    key_hash         BLOB NOT NULL,
    remaining        INTEGER NOT NULL,
    position         INTEGER NOT NULL,
    ordinal          INTEGER NOT NULL,
    held_after       INTEGER NOT NULL,
    limit_per_buyer  INTEGER NOT NULL,
    cancelled        INTEGER NOT NULL,
    traceparent      TEXT,
    unit_price_minor INTEGER,
    currency         TEXT,
    deleted_at       INTEGER NOT NULL
) STRICT;

-- Retention removes the oldest burials first, in parts.
CREATE INDEX purchases_archive_oldest ON purchases_archive (deleted_at);

-- Purchases that a person discarded. Whoever inserts purchases looks here first, so that neither
-- the journal nor reconciliation brings one back.
CREATE TABLE voided (
    purchase_no TEXT PRIMARY KEY NOT NULL,
    generation  BLOB NOT NULL,
    error       TEXT NOT NULL,
    voided_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Runs of reconciliation; error says why a run could not be finished.
CREATE TABLE reconciliation_runs (
    id          INTEGER PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    sales       INTEGER NOT NULL,
    mismatches  INTEGER NOT NULL,
    repaired    INTEGER NOT NULL,
    error       TEXT
) STRICT;
