-- Purchases: the durable record, one row an accepted attempt.
--
-- Rows are inserted under the lock of their sale's row, so writers of one sale never race, and
-- only with the conflict target named: ON CONFLICT (purchase_no) makes a repeat harmless, while
-- every other constraint raises. A conflict without a target would swallow a buyer's second purchase.
--
-- bits are the random part of purchase_no, kept so that the number need not be taken apart.
-- held_after is what the buyer held right after; limit_per_buyer is the sale's limit when the row
-- was written. remaining and position are as the gate answered them.
CREATE TABLE purchases (
    purchase_no      text COLLATE "C" NOT NULL,
    bits             bytea NOT NULL,
    generation       uuid NOT NULL REFERENCES sales (generation),
    epoch_number     bigint NOT NULL,
    epoch_nonce      bigint NOT NULL,
    buyer            text COLLATE "C" NOT NULL,
    purchased_at     timestamptz(3) NOT NULL,
    qty              integer NOT NULL,
    key_hash         bytea NOT NULL,
    remaining        integer NOT NULL,
    position         bigint NOT NULL,
    ordinal          integer NOT NULL,
    held_after       integer NOT NULL,
    limit_per_buyer  integer NOT NULL,
    cancelled        boolean NOT NULL,
    traceparent      text,
    unit_price_minor bigint,
    currency         text,

    -- Makes the commit of an entry idempotent.
    CONSTRAINT purchases_pkey PRIMARY KEY (purchase_no),

    -- Invariant I1, second line: two purchases cannot stand in one place of a sale. Also the
    -- index that pages a sale's purchases, for restore and reconciliation.
    CONSTRAINT purchases_position_once UNIQUE (generation, position),

    -- Invariant I2, second line: a buyer's purchases are counted without a double...
    -- (Looked at when a statement ends, since a restore numbers a buyer's purchases anew.)
    CONSTRAINT purchases_ordinal_once UNIQUE (generation, buyer, ordinal) DEFERRABLE,
    -- ...and none may lead above the limit.
    CONSTRAINT purchases_within_limit CHECK (held_after <= limit_per_buyer),

    -- Invariant I6: one attempt key of a buyer is one purchase.
    CONSTRAINT purchases_key_once UNIQUE (generation, buyer, key_hash),

    -- What no gate of ours writes: a row that breaks one of these is poisoned, not drift.
    CONSTRAINT purchases_qty_positive CHECK (qty > 0),
    CONSTRAINT purchases_position_positive CHECK (position > 0),
    CONSTRAINT purchases_ordinal_positive CHECK (ordinal > 0),
    CONSTRAINT purchases_remaining_not_negative CHECK (remaining >= 0),
    CONSTRAINT purchases_bits_length CHECK (octet_length(bits) = 10),
    CONSTRAINT purchases_key_hash_length CHECK (octet_length(key_hash) = 16),
    CONSTRAINT purchases_price_whole CHECK (
        (unit_price_minor IS NULL) = (currency IS NULL) AND currency ~ '^[A-Z]{3}$'
    )
);

-- Purchases of deleted sales, with all that was known of them, until retention ends. Nothing is
-- constrained again: the rows passed the constraints above, and nothing writes here but a burial.
CREATE TABLE purchases_archive (
    LIKE purchases,
    deleted_at timestamptz(3) NOT NULL,
    -- Tells whether a late entry of a deleted sale was recorded.
    CONSTRAINT purchases_archive_pkey PRIMARY KEY (purchase_no)
);

-- Retention removes the oldest burials first, in parts.
CREATE INDEX purchases_archive_oldest ON purchases_archive (deleted_at);
