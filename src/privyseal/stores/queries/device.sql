-- name: by_ids
-- Any number of devices at once.
SELECT * FROM device WHERE account = :account AND id IN (:ids...);

-- name: insert
-- A new device; an id that is taken keeps its key.
INSERT INTO device (account, id, public_key, created_at, certificate_arn, certified_at)
VALUES (:account, :id, :public_key, :created_at, :certificate_arn, :certified_at)
ON CONFLICT (account, id) DO NOTHING;

-- name: first_page
-- The first devices of an account in order of their ids.
SELECT * FROM device WHERE account = :account ORDER BY id LIMIT :limit;

-- name: next_page
-- The devices after an id.
SELECT * FROM device WHERE account = :account AND id > :after ORDER BY id LIMIT :limit;

-- name: set_certificate
-- The newest certificate, by the time at which it was asked for: a late retry of an older request
-- does not replace it.
UPDATE device SET certificate_arn = :arn, certified_at = :requested_at
WHERE account = :account AND id = :id
    AND (certificate_arn IS NULL OR certificate_arn <> :arn)
    AND (certified_at IS NULL OR certified_at <= :requested_at);

-- name: find_claim
-- What a device has asked for with a CSR.
SELECT * FROM device_claim WHERE account = :account AND device_id = :device_id AND csr_digest = :csr_digest;

-- name: put_claim
-- A device asks; after the retry window the same CSR is a new request.
INSERT INTO device_claim (account, device_id, csr_digest, requested_at)
VALUES (:account, :device_id, :csr_digest, :requested_at)
ON CONFLICT (account, device_id, csr_digest) DO UPDATE SET requested_at = excluded.requested_at;

-- name: prune_claims
-- A few of the claims whose retry window is over.
DELETE FROM device_claim WHERE (account, device_id, csr_digest) IN (
    SELECT account, device_id, csr_digest FROM device_claim
    WHERE requested_at <= :until ORDER BY requested_at LIMIT :limit);
