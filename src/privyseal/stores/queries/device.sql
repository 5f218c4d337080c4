-- name: by_ids
-- Any number of devices at once.
SELECT * FROM device WHERE account = :account AND id IN (:ids...);

-- name: insert
-- A new device; an id that is taken stays as it is.
INSERT INTO device (account, id, public_key, created_at, certificate_arn, certified_at, state, batch)
VALUES (:account, :id, :public_key, :created_at, :certificate_arn, :certified_at, :state, :batch)
ON CONFLICT (account, id) DO NOTHING;

-- name: page
-- Devices in order of their ids, within bounds (`low` included, `high` not), without `after`.
SELECT * FROM device WHERE account = :account
    AND id >= :low AND id < :high AND id <> :after ORDER BY id LIMIT :limit;

-- name: page_of_state
-- The same of one state.
SELECT * FROM device WHERE account = :account AND state = :state
    AND id >= :low AND id < :high AND id <> :after ORDER BY id LIMIT :limit;

-- name: page_of_batch
-- The same of one batch.
SELECT * FROM device WHERE account = :account AND batch = :batch
    AND id >= :low AND id < :high AND id <> :after ORDER BY id LIMIT :limit;

-- name: page_of_batch_and_state
-- The same of one batch and state.
SELECT * FROM device WHERE account = :account AND batch = :batch AND state = :state
    AND id >= :low AND id < :high AND id <> :after ORDER BY id LIMIT :limit;

-- name: set_state
-- A device changes its state; nothing happens where somebody else has changed it meanwhile.
UPDATE device SET state = :after WHERE account = :account AND id = :id AND state = :before;

-- name: set_key
-- A device gets another key; nothing happens where somebody else has changed it meanwhile.
UPDATE device SET public_key = :after WHERE account = :account AND id = :id AND public_key = :before;

-- name: set_certificate
-- The newest certificate, by the time at which it was asked for: a late retry of an older request
-- does not replace it. The first one makes a registered device an active one.
UPDATE device SET certificate_arn = :arn, certified_at = :requested_at,
    state = CASE WHEN state = 'registered' THEN 'active' ELSE state END
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
