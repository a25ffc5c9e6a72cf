-- What faults leave behind: purchases that were acknowledged and lost, purchases that a person gave
-- up, and the record of reconciliation.

-- Purchases that a restore could not take over, because no unit or no room under the limit was
-- left: acknowledged at the gate, lost in a fault. They wait for a person.
-- purchase is the whole record as JSON, since nothing is asked of it but to be shown and replayed.
CREATE TABLE dead_letters (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    generation  uuid NOT NULL REFERENCES sales (generation),
    purchase_no text COLLATE "C" NOT NULL,
    purchase    jsonb NOT NULL,
    error       text NOT NULL,
    raised_at   timestamptz(3) NOT NULL DEFAULT clock_timestamp(),

    -- A restore that is repeated raises a letter once.
    CONSTRAINT dead_letters_purchase_once UNIQUE (purchase_no)
);

-- Purchases that a person discarded. Whoever inserts purchases looks here first, so that neither
-- the outbox, nor restore, nor reconciliation brings one back.
CREATE TABLE voided (
    purchase_no text COLLATE "C" PRIMARY KEY,
    generation  uuid NOT NULL,
    error       text NOT NULL,
    voided_at   timestamptz(3) NOT NULL
);

-- Runs of reconciliation; error says why a run could not be finished.
CREATE TABLE reconciliation_runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at  timestamptz(3) NOT NULL,
    finished_at timestamptz(3) NOT NULL,
    sales       bigint NOT NULL,
    mismatches  bigint NOT NULL,
    repaired    bigint NOT NULL,
    error       text
);
