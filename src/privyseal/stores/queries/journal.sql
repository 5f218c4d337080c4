-- name: append
-- One row per commit; see events/journal.py.
INSERT INTO journal (writer, seq, at, previous, root, entries)
VALUES (:writer, :seq, :at, :previous, :root, :entries);

-- name: after
-- The rows of one writer after a position, in order.
SELECT * FROM journal WHERE writer = :writer AND seq > :seq ORDER BY seq LIMIT :limit;
