-- name: insert
-- It is due at once where nothing of its line waits before it.
INSERT INTO event_delivery (number, target, recipient, subject, state, created_at, due_at, attempts)
SELECT :number, :target, :recipient, :subject, 'WAITING', :now,
       CASE WHEN EXISTS (
           SELECT 1 FROM event_delivery
           WHERE target = :target AND recipient = :recipient AND subject = :subject AND state = 'WAITING'
       ) THEN NULL ELSE :now END, 0;

-- name: any_due
-- Whether something is due. A time that lies further ahead than any delay is none: the clock was ahead.
SELECT 1 AS found FROM event_delivery
WHERE target IN (:targets...) AND due_at IS NOT NULL AND (due_at <= :now OR due_at > :beyond) LIMIT 1;

-- name: due
-- What is due of one target, longest first, with its event; see `any_due`.
SELECT d.number, d.target, d.recipient, d.subject, d.created_at, d.attempts, event.id, event.body
FROM event_delivery AS d JOIN event ON event.number = d.number
WHERE d.target = :target AND d.due_at IS NOT NULL AND (d.due_at <= :now OR d.due_at > :beyond)
ORDER BY d.due_at, d.number LIMIT :limit;

-- name: settle
-- How an attempt has ended; no row if somebody else has said so before.
UPDATE event_delivery
SET state = :state, due_at = :due_at, attempts = attempts + 1, attempted_at = :now, error = :error
WHERE number = :number AND target = :target AND recipient = :recipient
  AND state = 'WAITING' AND attempts = :attempts;

-- name: remove
-- It has become one for each recipient.
DELETE FROM event_delivery
WHERE number = :number AND target = :target AND recipient = :recipient AND state = 'WAITING';

-- name: promote
-- The first of a line is due, where none of it is.
UPDATE event_delivery SET due_at = :now
WHERE target = :target AND recipient = :recipient AND subject = :subject AND state = 'WAITING'
  AND number = (
      SELECT min(number) FROM event_delivery
      WHERE target = :target AND recipient = :recipient AND subject = :subject AND state = 'WAITING'
  )
  AND NOT EXISTS (
      SELECT 1 FROM event_delivery
      WHERE target = :target AND recipient = :recipient AND subject = :subject AND state = 'WAITING'
        AND due_at IS NOT NULL
  );

-- name: dead
-- Dead letters of an account, in order, after a place; of one target or event where that is given.
SELECT d.number, d.target, d.recipient, d.subject, d.created_at, d.attempts, d.attempted_at, d.error,
       event.id, event.body
FROM event_delivery AS d JOIN event ON event.number = d.number
WHERE d.state = 'DEAD' AND (d.number, d.target, d.recipient) > (:number, :after_target, :after_recipient)
  AND event.account = :account
  AND (:target IS NULL OR d.target = :target) AND (:event IS NULL OR event.id = :event)
ORDER BY d.number, d.target, d.recipient LIMIT :limit;

-- name: replay
-- A dead letter waits again, as if it were new; `promote` says when.
UPDATE event_delivery SET state = 'WAITING', created_at = :now, attempts = 0, error = NULL
WHERE number = :number AND target = :target AND recipient = :recipient AND state = 'DEAD';

-- name: backlog
-- What has not arrived, counted as far as that matters.
SELECT (SELECT count(*) FROM (SELECT number FROM event_delivery WHERE state = 'WAITING' LIMIT :most) AS w) AS waiting,
    (SELECT count(*) FROM (SELECT number FROM event_delivery WHERE state = 'DEAD' LIMIT :most) AS d) AS dead;
