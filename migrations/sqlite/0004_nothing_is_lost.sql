-- What recovery has to remember.
--
-- over_at is when the sale's gate judged it to be over: no clock that goes back opens it again.
-- final_run_at is when gate and ledger were last found to agree on a sale that is over; it is empty
-- again with whatever arrives after that.
-- drifts is an object by kind of drift, of repaired and raised.
ALTER TABLE sales ADD COLUMN over_at INTEGER;
ALTER TABLE sales ADD COLUMN final_run_at INTEGER;

ALTER TABLE reconciliation_runs ADD COLUMN node TEXT NOT NULL DEFAULT '';
ALTER TABLE reconciliation_runs ADD COLUMN trigger TEXT NOT NULL DEFAULT 'schedule';
ALTER TABLE reconciliation_runs ADD COLUMN thoroughness TEXT NOT NULL DEFAULT 'counters';
ALTER TABLE reconciliation_runs ADD COLUMN sku TEXT;
ALTER TABLE reconciliation_runs ADD COLUMN raised INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reconciliation_runs ADD COLUMN drifts TEXT NOT NULL DEFAULT '{}';
