-- name: append
-- One row per commit; see events/journal.py.
INSERT INTO journal (writer, seq, at, previous, root, entries)
VALUES (:writer, :seq, :at, :previous, :root, :entries);

-- name: next_writer
-- The writer after another one, by the primary key: one step however many rows each has.
SELECT writer FROM journal WHERE writer > :after ORDER BY writer LIMIT 1;

-- name: after
-- The rows of one writer after a position, in order.
SELECT * FROM journal WHERE writer = :writer AND seq > :seq ORDER BY seq LIMIT :limit;
