-- name: insert
-- What a registrar has to do; what it has done stays.
INSERT INTO device_registration (account, device_id, arn, registrar, state, reference, changed_at)
VALUES (:account, :device_id, :arn, :registrar, :state, :reference, :changed_at)
ON CONFLICT (account, device_id, arn, registrar) DO NOTHING;

-- name: add
-- What a registrar has to do from now on; what it has to do, or has done, stays.
INSERT INTO device_registration (account, device_id, arn, registrar, state, reference, changed_at, wanted,
    due_at)
VALUES (:account, :device_id, :arn, :registrar, :state, :reference, :changed_at, :wanted, :changed_at)
ON CONFLICT (account, device_id, arn, registrar) DO NOTHING;

-- name: steps
-- What registrars have done for a certificate, and what they have to do.
SELECT * FROM device_registration
WHERE account = :account AND device_id = :device_id AND arn = :arn ORDER BY registrar;

-- name: put
-- A registrar has come to a state; where another one is wanted meanwhile, that is due.
INSERT INTO device_registration (account, device_id, arn, registrar, state, reference, changed_at)
VALUES (:account, :device_id, :arn, :registrar, :state, :reference, :changed_at)
ON CONFLICT (account, device_id, arn, registrar) DO UPDATE SET state = excluded.state,
    reference = excluded.reference, changed_at = excluded.changed_at,
    due_at = CASE WHEN device_registration.wanted = excluded.state THEN NULL ELSE excluded.changed_at END;

-- name: want
-- Every registrar of a certificate is to come to a state; what is wanted withdrawn stays so.
UPDATE device_registration SET wanted = :wanted, changed_at = :now, attempts = 0,
    due_at = CASE WHEN state = :wanted THEN NULL ELSE :now END
WHERE account = :account AND device_id = :device_id AND arn = :arn
    AND (wanted <> 'WITHDRAWN' OR :wanted = 'WITHDRAWN');

-- name: settle
-- Every registrar of a certificate is to come to what is wanted.
UPDATE device_registration SET changed_at = :now, due_at = CASE WHEN state = wanted THEN NULL ELSE :now END
WHERE account = :account AND device_id = :device_id AND arn = :arn;

-- name: due_urgently
-- What a registrar has to take away first, and nobody is at.
SELECT * FROM device_registration
WHERE registrar = :registrar AND due_at IS NOT NULL AND wanted <> 'DONE' AND due_at <= :now
    AND (leased_until IS NULL OR leased_until <= :now)
ORDER BY due_at LIMIT 1;

-- name: due
-- What a registrar has to do first, and nobody is at.
SELECT * FROM device_registration
WHERE registrar = :registrar AND due_at IS NOT NULL AND due_at <= :now
    AND (leased_until IS NULL OR leased_until <= :now)
ORDER BY due_at LIMIT 1;

-- name: begin
-- Somebody sets out. How far it comes is not known until it says so.
UPDATE device_registration SET state = 'PENDING', leased_until = :leased_until
WHERE account = :account AND device_id = :device_id AND arn = :arn AND registrar = :registrar
    AND due_at IS NOT NULL AND due_at <= :now AND (leased_until IS NULL OR leased_until <= :now);

-- name: finish
-- Who has set out is there, unless somebody else has taken over; what is wanted meanwhile is due.
UPDATE device_registration SET state = :did, reference = :reference, changed_at = :now, leased_until = NULL,
    attempts = 0, problem = '', due_at = CASE WHEN wanted = :did THEN NULL ELSE :now END
WHERE account = :account AND device_id = :device_id AND arn = :arn AND registrar = :registrar
    AND leased_until = :leased_until;

-- name: fail
-- Who has set out has failed; what is wanted meanwhile stays due.
UPDATE device_registration SET changed_at = :now, leased_until = NULL, attempts = attempts + 1,
    problem = :problem, due_at = CASE WHEN wanted = :tried THEN :again ELSE due_at END
WHERE account = :account AND device_id = :device_id AND arn = :arn AND registrar = :registrar
    AND leased_until = :leased_until;

-- name: behind
-- What registrars have still to do, after a position.
SELECT * FROM device_registration WHERE account = :account AND due_at IS NOT NULL
    AND (device_id, arn, registrar) > (:device_id, :arn, :registrar)
ORDER BY device_id, arn, registrar LIMIT :limit;
