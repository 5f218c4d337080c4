-- name: insert
-- A certificate that was requested or imported.
INSERT INTO managed_certificate (id, region, account, kind, status, domain, names, key_algorithm, authority_arn,
    options, created_at, issued_at, imported_at, der, chain, key_wrapped, serial, not_before, not_after,
    failure_reason, exported_at, first_exported_at, in_use_by, renewal_status, renewal_reason, renewal_at,
    revoked_at, revocation_reason, token, request_digest, attempt_serial, attempt_key_wrapped, attempt_csr,
    attempt_at, failures, notice_at, noticed_days, version)
VALUES (:id, :region, :account, :kind, :status, :domain, :names, :key_algorithm, :authority_arn,
    :options, :created_at, :issued_at, :imported_at, :der, :chain, :key_wrapped, :serial, :not_before, :not_after,
    :failure_reason, :exported_at, :first_exported_at, :in_use_by, :renewal_status, :renewal_reason, :renewal_at,
    :revoked_at, :revocation_reason, :token, :request_digest, :attempt_serial, :attempt_key_wrapped, :attempt_csr,
    :attempt_at, :failures, :notice_at, :noticed_days, :version);

-- name: update
-- Everything that can change, if nobody has changed it since it was read.
UPDATE managed_certificate SET status = :status, domain = :domain, names = :names,
    key_algorithm = :key_algorithm, options = :options, issued_at = :issued_at, imported_at = :imported_at,
    der = :der, chain = :chain, key_wrapped = :key_wrapped, serial = :serial, not_before = :not_before,
    not_after = :not_after, failure_reason = :failure_reason, exported_at = :exported_at,
    first_exported_at = :first_exported_at, in_use_by = :in_use_by, renewal_status = :renewal_status,
    renewal_reason = :renewal_reason, renewal_at = :renewal_at, revoked_at = :revoked_at,
    revocation_reason = :revocation_reason, token = :token, attempt_serial = :attempt_serial,
    attempt_key_wrapped = :attempt_key_wrapped, attempt_csr = :attempt_csr, attempt_at = :attempt_at,
    failures = :failures, notice_at = :notice_at, noticed_days = :noticed_days, version = :version
WHERE id = :id AND version = :before;

-- name: plan
-- What is done next, and when, if nobody has changed it since it was read.
UPDATE managed_certificate SET attempt_serial = :attempt_serial, attempt_key_wrapped = :attempt_key_wrapped,
    attempt_csr = :attempt_csr, attempt_at = :attempt_at, failures = :failures, notice_at = :notice_at,
    noticed_days = :noticed_days, version = :version
WHERE id = :id AND version = :before;

-- name: remove
-- If nobody has changed it since it was read.
DELETE FROM managed_certificate WHERE id = :id AND version = :version;

-- name: remove_serials
-- With the certificate that had them.
DELETE FROM managed_serial WHERE id = :id;

-- name: by_ids
-- Any number at once.
SELECT * FROM managed_certificate WHERE id IN (:ids...);

-- name: by_token
-- Who holds a token.
SELECT * FROM managed_certificate WHERE account = :account AND region = :region AND token = :token;

-- name: forget_token
-- Its time is over.
UPDATE managed_certificate SET token = NULL, version = version + 1 WHERE id = :id;

-- name: first_page
-- The first ones of an account in order of their creation.
SELECT * FROM managed_certificate WHERE account = :account AND region = :region
ORDER BY created_at, id LIMIT :limit;

-- name: next_page
-- Those after a position.
SELECT * FROM managed_certificate WHERE account = :account AND region = :region
    AND (created_at > :after_at OR (created_at = :after_at AND id > :after_id))
ORDER BY created_at, id LIMIT :limit;

-- name: to_attempt
-- What has to be issued, or renewed. An attempt that is put off for longer than may be was so by a clock
-- that was wrong; so was a request that lies ahead, and a renewal that somebody has asked for.
SELECT * FROM managed_certificate WHERE status = :status AND attempt_at IS NOT NULL AND attempt_at <= :now
UNION ALL
SELECT * FROM managed_certificate WHERE status = :status AND attempt_serial IS NOT NULL AND attempt_at > :far
UNION ALL
SELECT * FROM managed_certificate WHERE status = :status AND status = 'PENDING_VALIDATION'
    AND attempt_serial IS NULL AND attempt_at IS NOT NULL AND attempt_at > :far
UNION ALL
SELECT * FROM managed_certificate WHERE status = :status AND status = 'ISSUED'
    AND renewal_status = 'PENDING_AUTO_RENEWAL' AND attempt_serial IS NULL AND attempt_at > :far
ORDER BY attempt_at, id LIMIT :limit;

-- name: to_notice
-- Of what has to be said that it expires soon.
SELECT * FROM managed_certificate WHERE notice_at IS NOT NULL AND notice_at <= :now
ORDER BY notice_at, id LIMIT :limit;

-- name: to_expire
-- What has expired and does not say so yet.
SELECT * FROM managed_certificate WHERE status = 'ISSUED' AND not_after < :now
ORDER BY not_after, id LIMIT :limit;

-- name: to_restore
-- What was said to have expired when the clock was ahead.
SELECT * FROM managed_certificate WHERE status = 'EXPIRED' AND not_after > :far
ORDER BY not_after, id LIMIT :limit;

-- name: attempts_between
-- How much is planned for a time, as far as that matters.
SELECT count(*) AS n FROM (SELECT id FROM managed_certificate WHERE status = 'ISSUED'
    AND attempt_at IS NOT NULL AND attempt_at >= :start AND attempt_at < :until LIMIT :most) AS planned;

-- name: insert_serial
-- A certificate that an ARN has got. It may have been revoked before anybody could know whose it is.
INSERT INTO managed_serial (id, authority_arn, serial, not_after, to_follow)
VALUES (:id, :authority_arn, :serial, :not_after,
    (SELECT count(*) FROM certificate WHERE serial = :serial AND authority_id = :authority_id AND revoked_at IS NOT NULL))
ON CONFLICT (id, authority_arn, serial) DO NOTHING;

-- name: unexpired_serials
-- Those that still count.
SELECT * FROM managed_serial WHERE id = :id AND not_after >= :now ORDER BY not_after DESC, serial;

-- name: revoked_serials
-- Those of them that some ARN has.
UPDATE managed_serial SET to_follow = 1 WHERE serial IN (:serials...);

-- name: serials_to_follow
-- Revoked, and nobody has looked at it since.
SELECT * FROM managed_serial WHERE to_follow = 1 ORDER BY id, serial LIMIT :limit;

-- name: follow_serial
-- Look at it, whether it was revoked or not.
UPDATE managed_serial SET to_follow = 1
WHERE id = :id AND authority_arn = :authority_arn AND serial = :serial;

-- name: followed_serial
-- Until it is revoked again: a hold that becomes final.
UPDATE managed_serial SET to_follow = 0
WHERE id = :id AND authority_arn = :authority_arn AND serial = :serial;

-- name: find_account
-- What an account has configured.
SELECT * FROM managed_account WHERE account = :account AND region = :region;

-- name: put_account
-- The newest configuration.
INSERT INTO managed_account (account, region, days_before_expiry, token, put_at, applied, applied_to_at, applied_to_id)
VALUES (:account, :region, :days_before_expiry, :token, :put_at, :applied, :applied_to_at, :applied_to_id)
ON CONFLICT (account, region) DO UPDATE SET days_before_expiry = excluded.days_before_expiry,
    token = excluded.token, put_at = excluded.put_at, applied = excluded.applied,
    applied_to_at = excluded.applied_to_at, applied_to_id = excluded.applied_to_id;

-- name: next_unapplied_account
-- One whose certificates are to be rescheduled.
SELECT * FROM managed_account WHERE applied = 0 ORDER BY account, region LIMIT 1;
