-- name: insert
-- A report that somebody asked for.
INSERT INTO audit_report (id, authority_id, bucket, key, format, status, principal, account, request_id,
    created_at, leased_until, attempts)
VALUES (:id, :authority_id, :bucket, :key, :format, :status, :principal, :account, :request_id,
    :created_at, :leased_until, :attempts);

-- name: find
-- One report of an authority.
SELECT * FROM audit_report WHERE id = :id AND authority_id = :authority_id;

-- name: newest
-- The newest one that has not failed.
SELECT * FROM audit_report WHERE authority_id = :authority_id AND status <> 'FAILED'
ORDER BY created_at DESC, id DESC LIMIT 1;

-- name: next_due
-- The oldest one that is to be written and that nobody holds.
SELECT * FROM audit_report WHERE status = 'CREATING' AND leased_until <= :now
ORDER BY created_at, id LIMIT 1;

-- name: lease
-- Only if nobody has begun it since it was read.
UPDATE audit_report SET leased_until = :until, attempts = attempts + 1
WHERE id = :id AND attempts = :attempts AND status = 'CREATING' AND leased_until <= :now;

-- name: extend
-- Only by who began it last.
UPDATE audit_report SET leased_until = :until
WHERE id = :id AND attempts = :attempts AND status = 'CREATING';

-- name: give_back
-- Only by who began it last.
UPDATE audit_report SET leased_until = :now, attempts = attempts - 1
WHERE id = :id AND attempts = :attempts AND status = 'CREATING';

-- name: finish
-- Only by who began it last.
UPDATE audit_report SET status = :status
WHERE id = :id AND attempts = :attempts AND status = 'CREATING';
