-- name: want
-- Look after it now; what somebody has begun on older terms comes to nothing.
INSERT INTO ocsp_responder (authority_id, issuer_sha1, issuer_sha256, due_at, leased_until, attempts)
VALUES (:authority_id, :issuer_sha1, :issuer_sha256, :now, 0, 0)
ON CONFLICT (authority_id) DO UPDATE SET due_at = excluded.due_at, leased_until = 0,
    attempts = ocsp_responder.attempts + 1;

-- name: withdraw
-- It has been revoked, or what somebody has begun may have been.
UPDATE ocsp_responder SET due_at = :now, leased_until = 0, attempts = attempts + 1,
    certificate = CASE WHEN certificate IN (:certificates...) THEN NULL ELSE certificate END
WHERE authority_id = :authority_id;

-- name: by_issuers
-- Those of the authorities whose keys have these hashes.
SELECT * FROM ocsp_responder WHERE issuer_sha1 IN (:sha1...) OR issuer_sha256 IN (:sha256...);

-- name: next_due
-- The oldest one that is to be looked after and that nobody holds. What lies too far ahead was written by
-- a clock that was wrong.
SELECT * FROM ocsp_responder
WHERE (due_at <= :now OR due_at > :last_due) AND (leased_until <= :now OR leased_until > :latest)
ORDER BY due_at, authority_id LIMIT 1;

-- name: lease
-- Only if nobody has begun since it was read.
UPDATE ocsp_responder SET leased_until = :until, attempts = attempts + 1
WHERE authority_id = :authority_id AND attempts = :attempts;

-- name: settle
-- Only by who began last.
UPDATE ocsp_responder SET due_at = :due_at, leased_until = 0
WHERE authority_id = :authority_id AND attempts = :attempts;

-- name: replace
-- Only by who began last.
UPDATE ocsp_responder SET key_id = :key_id, key_uri = :key_uri, key_wrapped = :key_wrapped,
    certificate = :certificate, issuer_digest = :issuer_digest, not_before = :not_before,
    not_after = :not_after, due_at = :due_at, leased_until = 0
WHERE authority_id = :authority_id AND attempts = :attempts;
