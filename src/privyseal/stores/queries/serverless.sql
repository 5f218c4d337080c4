-- name: insert
-- A certificate of the contract, in the commit of its row in `certificate`.
INSERT INTO serverless_certificate (account, authority_id, serial, common_name, subject, key_digest, issued_at,
    expires_at, notify_issued, notify_expiry)
VALUES (:account, :authority_id, :serial, :common_name, :subject, :key_digest, :issued_at,
    :expires_at, :notify_issued, :notify_expiry);

-- name: named
-- Of one common name, the newest first.
SELECT * FROM serverless_certificate WHERE account = :account AND common_name = :common_name
ORDER BY issued_at DESC, serial DESC LIMIT :limit;

-- name: named_before
-- The next page of `named`.
SELECT * FROM serverless_certificate WHERE account = :account AND common_name = :common_name
    AND (issued_at < :before_at OR (issued_at = :before_at AND serial < :before_serial))
ORDER BY issued_at DESC, serial DESC LIMIT :limit;

-- name: of_key
-- Whether a key has a certificate of this common name.
SELECT 1 AS found FROM serverless_certificate
WHERE account = :account AND common_name = :common_name AND key_digest = :key_digest LIMIT 1;

-- name: claim
-- Free, run out, or the holder's own.
INSERT INTO serverless_key_claim (key_digest, holder, claimed_until) VALUES (:key_digest, :holder, :until)
ON CONFLICT (key_digest) DO UPDATE SET holder = excluded.holder, claimed_until = excluded.claimed_until
WHERE serverless_key_claim.holder = excluded.holder OR serverless_key_claim.claimed_until <= :now
    OR serverless_key_claim.claimed_until > :until;

-- name: release
-- It has its certificate, or will have none.
DELETE FROM serverless_key_claim WHERE key_digest = :key_digest AND holder = :holder;

-- name: forget_claims
-- A few that have run out: there are never many.
DELETE FROM serverless_key_claim WHERE key_digest IN (
    SELECT key_digest FROM serverless_key_claim WHERE claimed_until <= :now ORDER BY claimed_until LIMIT 10);
