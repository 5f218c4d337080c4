-- name: insert
-- An order.
INSERT INTO mass_revocation (id, account, authority, filter, reason, invalidity_date, principal, request_id,
    state, created_at, finished_at, failure, holder, leased_until, attempts)
VALUES (:id, :account, :authority, :filter, :reason, :invalidity_date, :principal, :request_id,
    :state, :created_at, :finished_at, :failure, :holder, :leased_until, :attempts);

-- name: find
-- One order of an account.
SELECT * FROM mass_revocation WHERE id = :id AND account = :account;

-- name: first_page
-- The first orders of an account in order of time.
SELECT * FROM mass_revocation WHERE account = :account ORDER BY created_at, id LIMIT :limit;

-- name: next_page
-- The orders after a position.
SELECT * FROM mass_revocation WHERE account = :account AND created_at >= :after_at
    AND (created_at > :after_at OR id > :after_id)
ORDER BY created_at, id LIMIT :limit;

-- name: running_on
-- The order that is under way for an authority.
SELECT * FROM mass_revocation WHERE authority = :authority AND state = 'RUNNING';

-- name: next_due
-- The order that has waited longest for somebody to work on it. A lease that ends too late is one of a
-- clock that was wrong.
SELECT * FROM mass_revocation WHERE state = 'RUNNING' AND (leased_until <= :now OR leased_until > :latest)
ORDER BY leased_until LIMIT 1;

-- name: publishing
-- Orders that wait for CRLs.
SELECT * FROM mass_revocation WHERE state = 'PUBLISHING' ORDER BY leased_until;

-- name: is_due
-- Whether anybody is needed.
SELECT 1 FROM mass_revocation WHERE state = 'RUNNING' AND (leased_until <= :now OR leased_until > :latest)
LIMIT 1;

-- name: take
-- By who has just read it.
UPDATE mass_revocation SET holder = :holder, leased_until = :until, attempts = attempts + 1
WHERE id = :id AND state = 'RUNNING';

-- name: hold
-- Only by its holder, who has come further.
UPDATE mass_revocation SET leased_until = :until, attempts = 0
WHERE id = :id AND state = 'RUNNING' AND holder = :holder;

-- name: give_back
-- Only by its holder: the next one may begin at once.
UPDATE mass_revocation SET leased_until = :now WHERE id = :id AND state = 'RUNNING' AND holder = :holder;

-- name: change_state
-- Only from the state that it was seen in.
UPDATE mass_revocation SET state = :state, finished_at = :finished_at, failure = :failure
WHERE id = :id AND state = :before;

-- name: steps
-- The authorities of an order.
SELECT * FROM mass_revocation_step WHERE order_id = :order_id;

-- name: put_step
-- How far an authority's certificates are through.
INSERT INTO mass_revocation_step (order_id, authority_id, position, authority_version, after_at, after_serial,
    done, expected, revoked, last_revoked_at)
VALUES (:order_id, :authority_id, :position, :authority_version, :after_at, :after_serial,
    :done, :expected, :revoked, :last_revoked_at)
ON CONFLICT (order_id, authority_id) DO UPDATE SET authority_version = excluded.authority_version,
    after_at = excluded.after_at, after_serial = excluded.after_serial, done = excluded.done,
    expected = excluded.expected, revoked = excluded.revoked, last_revoked_at = excluded.last_revoked_at;

-- name: refuse
-- Said once for each resource.
INSERT INTO mass_revocation_refusal (order_id, resource, message) VALUES (:order_id, :resource, :message)
ON CONFLICT (order_id, resource) DO NOTHING;

-- name: refusals
-- What could not be revoked.
SELECT resource, message FROM mass_revocation_refusal WHERE order_id = :order_id ORDER BY resource LIMIT :limit;

-- name: count_refusals
-- How much could not be revoked.
SELECT count(*) AS n FROM mass_revocation_refusal WHERE order_id = :order_id;

-- name: boundary
-- The last of so many certificates after a position, in order of issue.
SELECT issued_at, serial FROM certificate WHERE authority_id = :authority_id
    AND issued_at >= :after_at AND (issued_at > :after_at OR serial > :after_serial)
ORDER BY issued_at, serial LIMIT 1 OFFSET :skip;

-- name: candidates
-- What an order takes next: certificates that live and are not revoked for good, between two positions
-- in order of issue. A subject has a text in it if something is missing when the text is taken out.
SELECT issued_at, serial FROM certificate WHERE authority_id = :authority_id
    AND issued_at >= :after_at AND (issued_at > :after_at OR serial > :after_serial)
    AND issued_at <= :until_at AND (issued_at < :until_at OR serial <= :until_serial)
    AND issued_at < :before AND not_after >= :now
    AND (revoked_at IS NULL OR revocation_reason = :hold)
    AND template NOT IN (:roots...) AND (service_principal IS NULL OR service_principal <> :responder)
    AND (:template IS NULL OR template = :template)
    AND (:subject IS NULL OR replace(subject, :subject, '') <> subject)
ORDER BY issued_at, serial LIMIT :limit;

-- name: count_candidates
-- How many there are altogether.
SELECT count(*) AS n FROM certificate WHERE authority_id = :authority_id
    AND issued_at >= :after_at AND issued_at < :before AND not_after >= :now
    AND (revoked_at IS NULL OR revocation_reason = :hold)
    AND template NOT IN (:roots...) AND (service_principal IS NULL OR service_principal <> :responder)
    AND (:template IS NULL OR template = :template)
    AND (:subject IS NULL OR replace(subject, :subject, '') <> subject);

-- name: unpublished
-- CRLs that do not have all that was revoked up to a moment, or are not where they go yet. Where nothing
-- has changed since the last one was made, it has all.
SELECT partition FROM crl WHERE authority_id = :authority_id AND due_at IS NOT NULL
    AND (made_at IS NULL OR (made_at <= :last AND changed_at > made_at) OR failures > 0
        OR leased_until > :now);
