-- name: insert
-- One unfinished rotation for an account.
INSERT INTO ca_rotation (id, account, old, new, plan, reason, state, step, until, revoked_elsewhere,
    mass_revocation, failure, attempts, due_at, principal, request_id, created_at, finished_at, version)
VALUES (:id, :account, :old, :new, :plan, :reason, :state, :step, :until, :revoked_elsewhere,
    :mass_revocation, :failure, :attempts, :due_at, :principal, :request_id, :created_at, :finished_at,
    :version);

-- name: find
-- One of an account.
SELECT * FROM ca_rotation WHERE id = :id AND account = :account;

-- name: unfinished
-- At most one.
SELECT * FROM ca_rotation WHERE account = :account AND finished_at IS NULL;

-- name: due
-- To be worked on now. There is one for each account, so few rows are looked at.
SELECT * FROM ca_rotation WHERE finished_at IS NULL AND state IN ('RUNNING', 'ABORTING')
    AND due_at <= :now
ORDER BY due_at, id LIMIT 1;

-- name: all
-- Of an account.
SELECT * FROM ca_rotation WHERE account = :account ORDER BY created_at, id;

-- name: first_page
-- In order of time.
SELECT * FROM ca_rotation WHERE account = :account ORDER BY created_at, id LIMIT :limit;

-- name: next_page
-- In order of time, after a position.
SELECT * FROM ca_rotation
WHERE account = :account AND (created_at, id) > (:after_at, :after_id)
ORDER BY created_at, id LIMIT :limit;

-- name: update
-- By whoever has seen the version before.
UPDATE ca_rotation SET new = :new, state = :state, step = :step, until = :until,
    revoked_elsewhere = :revoked_elsewhere, mass_revocation = :mass_revocation, failure = :failure,
    attempts = :attempts, due_at = :due_at, finished_at = :finished_at, version = :version
WHERE id = :id AND version = :version - 1;

-- name: put_done
-- A step is done once.
INSERT INTO ca_rotation_step (rotation_id, step, done_at, detail)
VALUES (:rotation_id, :step, :done_at, :detail)
ON CONFLICT (rotation_id, step) DO NOTHING;

-- name: done
-- The steps of a rotation.
SELECT * FROM ca_rotation_step WHERE rotation_id = :rotation_id;

-- name: issued_by
-- What devices have of an authority: its ARN begins theirs.
SELECT * FROM device_certificate
WHERE account = :account AND arn >= :first AND arn < :last AND state IN ('ISSUED', 'ACTIVE', 'RETIRING')
ORDER BY arn LIMIT :limit;

-- name: devices_of
-- How many devices use one of an authority.
SELECT count(*) AS n FROM device_certificate
WHERE account = :account AND arn >= :first AND arn < :last AND state IN ('ISSUED', 'ACTIVE', 'RETIRING')
    AND state = 'ACTIVE';

-- name: successor
-- Who issues in its place.
SELECT successor FROM authority_succession WHERE authority = :authority;

-- name: put_successor
-- From now on.
INSERT INTO authority_succession (authority, successor, since) VALUES (:authority, :successor, :since)
ON CONFLICT (authority) DO UPDATE SET successor = excluded.successor, since = excluded.since;

-- name: remove_successor
-- It issues by itself again.
DELETE FROM authority_succession WHERE authority = :authority;
