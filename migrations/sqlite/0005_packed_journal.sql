-- Purchases lie in the journal as bytes.
--
-- body is what the bytes or the text say themselves: purchases of one sale and epoch are bytes, of
-- which the first is their format (2, or a later one); a change is JSON, as every entry was once,
-- {"format":1,"kind":…}. So it is of any type. What waits for a worker moves as it is.
-- One row is what one sync brought of accepted attempts of one sale, at most 256, or one change.
CREATE TABLE journal_of_any (
    id         INTEGER PRIMARY KEY NOT NULL,
    generation BLOB NOT NULL,
    weight     INTEGER NOT NULL,
    body       ANY NOT NULL
) STRICT;

INSERT INTO journal_of_any (id, generation, weight, body)
SELECT id, generation, weight, body FROM journal;
DROP TABLE journal;
ALTER TABLE journal_of_any RENAME TO journal;

-- A deletion drains its own sale, and a rebuild reads it; rows of one sale in the order of id.
CREATE INDEX journal_of_sale ON journal (generation);

-- Whoever inserts purchases of a sale asks whether a person has discarded any of it.
CREATE INDEX voided_of_sale ON voided (generation);
