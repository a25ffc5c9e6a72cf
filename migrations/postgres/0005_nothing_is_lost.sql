-- What recovery has to remember, and whose turn it is to reconcile.
--
-- over_at is when the sale's gate judged it to be over: no clock that goes back opens it again.
-- final_run_at is when gate and ledger were last found to agree on a sale that is over; it is empty
-- again with whatever arrives after that.
-- opened_number and opened_nonce are there while a restore is at work or has come to nothing: the
-- epoch in which the sale's gate was opened last.
-- drifts is an object by kind of drift, of repaired and raised.
--
-- Run beside nodes at work: it waits three seconds at most for what reads or writes these tables.
-- Then nothing is changed, and it may be run again.
SET LOCAL lock_timeout = '3s';

ALTER TABLE sales
    ADD COLUMN over_at      timestamptz(3),
    ADD COLUMN final_run_at timestamptz(3),
    ADD COLUMN opened_number bigint,
    ADD COLUMN opened_nonce bigint;

ALTER TABLE reconciliation_runs
    ADD COLUMN node         text NOT NULL DEFAULT '',
    ADD COLUMN trigger      text NOT NULL DEFAULT 'schedule',
    ADD COLUMN thoroughness text NOT NULL DEFAULT 'counters',
    ADD COLUMN sku          text,
    ADD COLUMN raised       bigint NOT NULL DEFAULT 0,
    ADD COLUMN drifts       jsonb NOT NULL DEFAULT '{}';

-- One row: whose turn it is, and until when. A courtesy that saves the others the work, no fence:
-- every repair is conditional.
CREATE TABLE reconciliation_turn (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    node  text NOT NULL,
    until timestamptz NOT NULL,
    -- Whether every sale was compared, so that the others may rest; a turn that lapsed was not.
    ended boolean NOT NULL
);
INSERT INTO reconciliation_turn (node, until, ended) VALUES ('', to_timestamp(0), false);

-- A letter may be of a sale that this ledger has lost.
ALTER TABLE dead_letters DROP CONSTRAINT dead_letters_generation_fkey;
