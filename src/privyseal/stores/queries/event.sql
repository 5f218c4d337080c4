-- name: moved
-- Writers with rows that have not been told: how far each is. From writer to writer by the primary key,
-- one step for each that there ever was.
WITH RECURSIVE writers (writer) AS (
    SELECT min(writer) FROM journal
    UNION ALL
    SELECT (SELECT min(journal.writer) FROM journal WHERE journal.writer > writers.writer)
    FROM writers WHERE writers.writer IS NOT NULL
)
SELECT writers.writer, coalesce(told.seq, -1) AS seq
FROM writers LEFT JOIN event_cursor AS told ON told.writer = writers.writer
WHERE writers.writer IS NOT NULL
  AND (SELECT max(seq) FROM journal WHERE journal.writer = writers.writer) > coalesce(told.seq, -1);

-- name: put_cursor
-- How far a writer has been told.
INSERT INTO event_cursor (writer, seq) VALUES (:writer, :seq)
ON CONFLICT (writer) DO UPDATE SET seq = excluded.seq;

-- name: last_number
-- The number of the newest event.
SELECT max(number) AS number FROM event;

-- name: insert
-- One event of the history. Its id is unique: nothing is told twice.
INSERT INTO event (number, id, at, account, subject, detail_type, body)
VALUES (:number, :id, :at, :account, :subject, :detail_type, :body);

-- name: page
-- A page of the history, newest first, after a place in it.
SELECT number, at, subject, body FROM event
WHERE account = :account AND at >= :since AND at < :until
  AND (at < :at OR (at = :at AND number < :number))
ORDER BY at DESC, number DESC LIMIT :limit;

-- name: page_of_subject
-- The same, of one subject.
SELECT number, at, subject, body FROM event
WHERE account = :account AND subject = :subject AND at >= :since AND at < :until
  AND (:detail_type IS NULL OR detail_type = :detail_type)
  AND (at < :at OR (at = :at AND number < :number))
ORDER BY at DESC, number DESC LIMIT :limit;

-- name: page_of_kind
-- The same, of one detail-type.
SELECT number, at, subject, body FROM event
WHERE account = :account AND detail_type = :detail_type AND at >= :since AND at < :until
  AND (at < :at OR (at = :at AND number < :number))
ORDER BY at DESC, number DESC LIMIT :limit;

-- name: following
-- Events in the order in which they were told, those after a number.
SELECT number, at, subject, body FROM event
WHERE account = :account AND number > :number ORDER BY number LIMIT :limit;

-- name: has
-- Whether an account has an event.
SELECT 1 AS found FROM event WHERE id = :id AND account = :account;

-- name: deliveries
-- Where some events went.
SELECT number, target, recipient, state, attempts, attempted_at, error FROM event_delivery
WHERE number IN (:numbers...) ORDER BY number, target, recipient;

-- name: any_before
-- Whether there is an event to forget.
SELECT 1 AS found FROM event WHERE at < :before AND number < (SELECT max(number) FROM event) LIMIT 1;

-- name: lines_to_prune
-- Lines that are about to lose what waits in them, perhaps what is due.
SELECT DISTINCT target, recipient, subject FROM event_delivery WHERE state = 'WAITING' AND number IN (
    SELECT number FROM event WHERE at < :before AND number < (SELECT max(number) FROM event)
    ORDER BY at, number LIMIT :limit
);

-- name: prune_deliveries
-- Deliveries of events that `prune` is about to forget.
DELETE FROM event_delivery WHERE number IN (
    SELECT number FROM event WHERE at < :before AND number < (SELECT max(number) FROM event)
    ORDER BY at, number LIMIT :limit
);

-- name: prune
-- Forget the oldest events. The newest stays, whose number the next one follows.
DELETE FROM event WHERE number IN (
    SELECT number FROM event WHERE at < :before AND number < (SELECT max(number) FROM event)
    ORDER BY at, number LIMIT :limit
);
