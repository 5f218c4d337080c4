-- name: moved
-- Writers of the journal with rows that have not been read: how far each is (see event.sql).
WITH RECURSIVE writers (writer) AS (
    SELECT min(writer) FROM journal
    UNION ALL
    SELECT (SELECT min(journal.writer) FROM journal WHERE journal.writer > writers.writer)
    FROM writers WHERE writers.writer IS NOT NULL
)
SELECT writers.writer, coalesce(read.seq, -1) AS seq
FROM writers LEFT JOIN serverless_cursor AS read ON read.writer = writers.writer
WHERE writers.writer IS NOT NULL
  AND (SELECT max(seq) FROM journal WHERE journal.writer = writers.writer) > coalesce(read.seq, -1);

-- name: put_cursor
-- How far a writer has been read.
INSERT INTO serverless_cursor (writer, seq) VALUES (:writer, :seq)
ON CONFLICT (writer) DO UPDATE SET seq = excluded.seq;

-- name: find
-- One certificate.
SELECT * FROM serverless_certificate WHERE authority_id = :authority_id AND serial = :serial;

-- name: revoke
-- Its item has to say so.
UPDATE serverless_certificate SET revoked_at = :at, publish_at = :now, changes = changes + 1
WHERE authority_id = :authority_id AND serial = :serial AND revoked_at IS NULL;

-- name: unplanned_before
-- Certificates that are planned by other stages than the present ones: those before them in the index …
SELECT * FROM serverless_certificate WHERE notify_expiry = 1 AND reminder_plan < :plan LIMIT :limit;

-- name: unplanned_after
-- … and those after them.
SELECT * FROM serverless_certificate WHERE notify_expiry = 1 AND reminder_plan > :plan LIMIT :limit;

-- name: due
-- Certificates of which there is something to say, the oldest first.
SELECT * FROM serverless_certificate WHERE reminder_at <= :now ORDER BY reminder_at LIMIT :limit;

-- name: plan
-- When there is something to say next.
UPDATE serverless_certificate SET reminder_plan = :plan, reminder_at = :at
WHERE authority_id = :authority_id AND serial = :serial;

-- name: remind
-- A reminder has been sent: its item has to say so.
UPDATE serverless_certificate SET reminded = :reminded, publish_at = :now, changes = changes + 1
WHERE authority_id = :authority_id AND serial = :serial;

-- name: unpublished
-- Whose items are to be written now, those that wait for longest first.
SELECT * FROM serverless_certificate WHERE publish_at <= :now ORDER BY publish_at LIMIT :limit;

-- name: published
-- Unless there is more to say by now.
UPDATE serverless_certificate SET publish_at = NULL
WHERE authority_id = :authority_id AND serial = :serial AND changes = :changes;

-- name: put_off
-- Its item is refused: it is tried again later.
UPDATE serverless_certificate SET publish_at = :until
WHERE authority_id = :authority_id AND serial = :serial;

-- name: state_at
-- What of an authority is at a place.
SELECT state FROM serverless_published WHERE place = :place AND authority_id = :authority_id;

-- name: put_state
-- This is there now.
INSERT INTO serverless_published (place, authority_id, state) VALUES (:place, :authority_id, :state)
ON CONFLICT (place, authority_id) DO UPDATE SET state = excluded.state;

-- name: adopt
-- What another deployment has said of a certificate already.
UPDATE serverless_certificate SET revoked_at = :revoked_at, reminded = :reminded
WHERE authority_id = :authority_id AND serial = :serial;
