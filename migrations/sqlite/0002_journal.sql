-- The embedded engine's journal: what its gate accepted or changed, on its way to the ledger.
--
-- The gate lives in memory and inserts here, and one synced insert carries all that queued while
-- the last one ran; only then is anything answered. Workers delete what they have recorded.
-- Together with the ledger's tables it is all that the gate is made from when the engine starts.

-- One row is one step of the gate: the accepted attempts of one batch, or one change.
-- id is given by the engine, in the order of its steps.
-- weight is the number of purchases in body (1 for a change), so that a reader bounds its memory
-- without reading bodies. body is JSON, tagged and versioned: {"format":1,"kind":…}.
CREATE TABLE journal (
    id         INTEGER PRIMARY KEY NOT NULL,
    generation BLOB NOT NULL,
    weight     INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT;

-- A deletion drains its own sale, and a rebuild reads it; rows of one sale in the order of id.
CREATE INDEX journal_of_sale ON journal (generation);

-- Purchases that the ledger refuses, set aside for a person: body is an entry of one purchase in
-- the journal's format, raw what was not readable. They were acknowledged, so that the gate counts
-- their units until a person has recorded or voided them.
-- AUTOINCREMENT, because an id is shown to people and must never mean another letter.
CREATE TABLE journal_dead_letters (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    generation BLOB,
    body       TEXT,
    raw        TEXT,
    error      TEXT NOT NULL
) STRICT;

-- The gate reads the letters of one sale when it is made.
CREATE INDEX journal_dead_letters_of_sale ON journal_dead_letters (generation);
