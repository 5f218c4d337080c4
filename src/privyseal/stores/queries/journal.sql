-- name: append
-- One row per commit; see events/journal.py.
INSERT INTO journal (writer, seq, at, previous, root, entries)
VALUES (:writer, :seq, :at, :previous, :root, :entries);
