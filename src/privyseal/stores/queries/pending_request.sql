-- name: insert
-- A promise.
INSERT INTO pending_request (authority_id, serial, request, token, request_digest, requested_at, due_at,
    leased_until, failure)
VALUES (:authority_id, :serial, :request, :token, :request_digest, :requested_at, :due_at, 0, NULL);

-- name: by_serials
-- Point reads of a batch; the caller drops serials of other authorities.
SELECT * FROM pending_request WHERE serial IN (:serials...);

-- name: by_token
-- Who holds a token.
SELECT * FROM pending_request WHERE authority_id = :authority_id AND token = :token;

-- name: forget_token
-- The five minutes of a token are over.
UPDATE pending_request SET token = NULL WHERE authority_id = :authority_id AND serial = :serial;

-- name: due
-- What may be claimed now, the oldest first.
SELECT * FROM pending_request WHERE failure IS NULL AND due_at <= :now AND leased_until <= :now
ORDER BY due_at, serial LIMIT :limit;

-- name: any_due
-- Whether anything may be claimed now.
SELECT 1 FROM pending_request WHERE failure IS NULL AND due_at <= :now AND leased_until <= :now LIMIT 1;

-- name: lease
-- Claim one.
UPDATE pending_request SET leased_until = :until WHERE authority_id = :authority_id AND serial = :serial;

-- name: remove
-- It has been signed.
DELETE FROM pending_request WHERE authority_id = :authority_id AND serial = :serial;

-- name: fail
-- It will never be signed.
UPDATE pending_request SET failure = :failure WHERE authority_id = :authority_id AND serial = :serial;
