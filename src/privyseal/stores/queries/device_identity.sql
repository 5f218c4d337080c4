-- name: insert
-- A certificate is there once, however often it is noted.
INSERT INTO device_certificate (account, device_id, arn, csr_digest, requested_at, der, chain, issued_at,
    not_after, state, due_at, held)
VALUES (:account, :device_id, :arn, :csr_digest, :requested_at, :der, :chain, :issued_at,
    :not_after, :state, :due_at, :held)
ON CONFLICT (account, device_id, arn) DO NOTHING;

-- name: find
-- One certificate of a device.
SELECT * FROM device_certificate WHERE account = :account AND device_id = :device_id AND arn = :arn;

-- name: of_request
-- The newest that was issued for a CSR.
SELECT * FROM device_certificate
WHERE account = :account AND device_id = :device_id AND csr_digest = :csr_digest
ORDER BY requested_at DESC, arn LIMIT 1;

-- name: of_device
-- All that a device has had.
SELECT * FROM device_certificate WHERE account = :account AND device_id = :device_id
ORDER BY requested_at DESC, arn;

-- name: active
-- At most one.
SELECT * FROM device_certificate WHERE account = :account AND device_id = :device_id AND state = 'ACTIVE';

-- name: released
-- What a device may use now: `identities.RELEASED`.
SELECT * FROM device_certificate
WHERE account = :account AND device_id = :device_id AND state IN ('ACTIVE', 'RETIRING')
ORDER BY requested_at DESC, arn;

-- name: released_page
-- What all devices may use now, after an ARN: of what its index has.
SELECT * FROM device_certificate
WHERE account = :account AND arn > :after AND state IN ('ISSUED', 'ACTIVE', 'RETIRING')
    AND state IN ('ACTIVE', 'RETIRING')
ORDER BY arn LIMIT :limit;

-- name: set_state
-- And when it has to be looked after.
UPDATE device_certificate SET state = :state, due_at = :due_at
WHERE account = :account AND device_id = :device_id AND arn = :arn;

-- name: set_held
-- Whether the suspension of its device has put it on hold.
UPDATE device_certificate SET held = :held
WHERE account = :account AND device_id = :device_id AND arn = :arn;

-- name: revoked
-- Somebody has revoked these: what registrars have of them is withdrawn, whatever they were for.
UPDATE device_certificate SET state = 'WITHDRAWING', due_at = :now
WHERE account = :account AND arn IN (:arns...) AND state IN ('ISSUED', 'ACTIVE', 'RETIRING');

-- name: held
-- Somebody has put these on hold: registrars are to let nobody in with them.
UPDATE device_registration SET wanted = 'SUSPENDED', changed_at = :now, attempts = 0,
    due_at = CASE WHEN state = 'SUSPENDED' THEN NULL ELSE :now END
WHERE account = :account AND wanted <> 'WITHDRAWN' AND (device_id, arn) IN (
    SELECT device_id, arn FROM device_certificate
    WHERE account = :account AND arn IN (:arns...) AND state IN ('ISSUED', 'ACTIVE', 'RETIRING'));

-- name: released_from_hold
-- … and has taken that back; while a device is suspended, its certificates are all the same.
UPDATE device_registration SET wanted = 'DONE', changed_at = :now, attempts = 0,
    due_at = CASE WHEN state = 'DONE' THEN NULL ELSE :now END
WHERE account = :account AND wanted <> 'WITHDRAWN' AND (device_id, arn) IN (
    SELECT device_id, arn FROM device_certificate
    WHERE account = :account AND arn IN (:arns...) AND state IN ('ISSUED', 'ACTIVE', 'RETIRING'))
    AND NOT EXISTS (SELECT 1 FROM device WHERE device.account = device_registration.account
        AND device.id = device_registration.device_id AND device.state = 'suspended');

-- name: due
-- What has to be looked after now.
SELECT * FROM device_certificate WHERE due_at IS NOT NULL AND due_at <= :now
ORDER BY due_at, account, device_id, arn LIMIT :limit;
