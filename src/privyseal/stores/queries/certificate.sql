-- name: insert
-- An issued certificate.
INSERT INTO certificate (authority_id, serial, der, template, subject, not_before, not_after, issued_at,
    token, request_digest, key_digest, crl_partition, service_principal)
VALUES (:authority_id, :serial, :der, :template, :subject, :not_before, :not_after, :issued_at,
    :token, :request_digest, :key_digest, :crl_partition, :service_principal);

-- name: by_serials
-- Point reads of a whole batch; the caller drops serials of other authorities.
SELECT * FROM certificate WHERE serial IN (:serials...);

-- name: by_tokens
-- Who holds which tokens; the caller drops pairs it did not ask for.
SELECT * FROM certificate WHERE authority_id IN (:authorities...) AND token IN (:tokens...);

-- name: forget_token
-- The five minutes of a token are over.
UPDATE certificate SET token = NULL WHERE authority_id = :authority_id AND serial = :serial;

-- name: revoke
-- Only once: the first time and reason stay. Its token is free: nobody gets it as a fresh one again.
UPDATE certificate SET revoked_at = :at, revocation_reason = :reason, invalidity_date = :invalidity_date, token = NULL
WHERE authority_id = :authority_id AND serial = :serial AND revoked_at IS NULL;

-- name: revoke_held
-- A hold becomes final; its time stays.
UPDATE certificate SET revocation_reason = :reason,
    invalidity_date = COALESCE(:invalidity_date, invalidity_date)
WHERE authority_id = :authority_id AND serial = :serial AND revocation_reason = :hold;

-- name: release
-- As if there had been no hold; its token stays free.
UPDATE certificate SET revoked_at = NULL, revocation_reason = NULL, invalidity_date = NULL
WHERE authority_id = :authority_id AND serial = :serial AND revocation_reason = :hold;

-- name: by_keys
-- Whoever has issued them.
SELECT * FROM certificate WHERE key_digest IN (:digests...);

-- name: first_page
-- The first certificates of an authority in order of issue.
SELECT * FROM certificate WHERE authority_id = :authority_id
ORDER BY issued_at, serial LIMIT :limit;

-- name: next_page
-- The certificates after a position.
SELECT * FROM certificate WHERE authority_id = :authority_id
    AND (issued_at > :after_at OR (issued_at = :after_at AND serial > :after_serial))
ORDER BY issued_at, serial LIMIT :limit;

-- name: count
-- How many certificates an authority has issued.
SELECT count(*) AS n FROM certificate WHERE authority_id = :authority_id;
