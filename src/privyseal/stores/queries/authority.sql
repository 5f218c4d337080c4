-- name: insert
-- A new authority.
INSERT INTO authority (id, region, account, type, status, key_algorithm, signing_algorithm, subject,
    csr_extensions, revocation, usage_mode, key_standard, key_uri, key_wrapped, public_key, csr,
    certificate, chain, serial, not_before, not_after, created_at, changed_at, failure_reason,
    restorable_until, status_before_deletion, token, request_digest, version)
VALUES (:id, :region, :account, :type, :status, :key_algorithm, :signing_algorithm, :subject,
    :csr_extensions, :revocation, :usage_mode, :key_standard, :key_uri, :key_wrapped, :public_key, :csr,
    :certificate, :chain, :serial, :not_before, :not_after, :created_at, :changed_at, :failure_reason,
    :restorable_until, :status_before_deletion, :token, :request_digest, :version);

-- name: by_ids
-- Any number of authorities at once.
SELECT * FROM authority WHERE id IN (:ids...);

-- name: versions
-- What a commit compares with its snapshot.
SELECT id, version FROM authority WHERE id IN (:ids...);

-- name: by_token
-- Who holds an idempotency token.
SELECT * FROM authority WHERE account = :account AND region = :region AND token = :token;

-- name: forget_token
-- The five minutes of a token are over.
UPDATE authority SET token = NULL WHERE id = :id;

-- name: update
-- Everything that can change, if nobody else changed it since it was read.
UPDATE authority SET status = :status, revocation = :revocation, certificate = :certificate,
    chain = :chain, serial = :serial, not_before = :not_before, not_after = :not_after,
    changed_at = :changed_at, failure_reason = :failure_reason, restorable_until = :restorable_until,
    status_before_deletion = :status_before_deletion, token = :token, version = :version
WHERE id = :id AND version = :version - 1;

-- name: first_page
-- The first rows of an account in order of creation.
SELECT * FROM authority WHERE account = :account AND region = :region
ORDER BY created_at, id LIMIT :limit;

-- name: next_page
-- The rows after a position.
SELECT * FROM authority WHERE account = :account AND region = :region
    AND (created_at > :after_at OR (created_at = :after_at AND id > :after_id))
ORDER BY created_at, id LIMIT :limit;

-- name: count
-- How many count against the quota: all whose restoration window is still open.
SELECT count(*) AS n FROM authority WHERE account = :account AND region = :region
    AND (status <> 'DELETED' OR restorable_until > :now);
