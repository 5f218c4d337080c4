-- name: put
-- A new order, in the place of the one before of the same request.
INSERT INTO device_order (id, account, device_id, contract, csr_digest, csr, request_id, asked_at,
    expires_at, link, state, attempts, due_at, arn, certificate, chain, endpoint, error, message)
VALUES (:id, :account, :device_id, :contract, :csr_digest, :csr, :request_id, :asked_at,
    :expires_at, :link, :state, :attempts, :due_at, :arn, :certificate, :chain, :endpoint, :error, :message)
ON CONFLICT (account, device_id, contract, csr_digest) DO UPDATE SET id = excluded.id, csr = excluded.csr,
    request_id = excluded.request_id, asked_at = excluded.asked_at, expires_at = excluded.expires_at,
    link = excluded.link, state = excluded.state, attempts = excluded.attempts, due_at = excluded.due_at,
    arn = excluded.arn, certificate = excluded.certificate, chain = excluded.chain,
    endpoint = excluded.endpoint, error = excluded.error, message = excluded.message;

-- name: find
-- The order of a link.
SELECT * FROM device_order WHERE id = :id;

-- name: of_request
-- At most one.
SELECT * FROM device_order WHERE account = :account AND device_id = :device_id AND contract = :contract
    AND csr_digest = :csr_digest;

-- name: due
-- What has to be worked on now.
SELECT * FROM device_order WHERE due_at IS NOT NULL AND due_at <= :now ORDER BY due_at, id LIMIT :limit;

-- name: is_due
-- Whether there is any.
SELECT 1 AS due FROM device_order WHERE due_at IS NOT NULL AND due_at <= :now LIMIT 1;

-- name: save
-- How far it has come.
UPDATE device_order SET state = :state, attempts = :attempts, due_at = :due_at, arn = :arn,
    certificate = :certificate, chain = :chain, endpoint = :endpoint, error = :error, message = :message
WHERE id = :id;

-- name: prune
-- A few of those whose links have expired.
DELETE FROM device_order WHERE id IN (
    SELECT id FROM device_order WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit);

-- name: key
-- What signs links.
SELECT * FROM link_key LIMIT 1;

-- name: put_key
-- Made once.
INSERT INTO link_key (id, secret_wrapped, created_at) VALUES (:id, :secret_wrapped, :created_at);
