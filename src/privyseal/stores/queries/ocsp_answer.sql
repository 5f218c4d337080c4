-- name: statuses
-- What is to be said of certificates; the caller drops serials of other authorities.
SELECT authority_id, serial, revoked_at, revocation_reason FROM certificate WHERE serial IN (:serials...);

-- name: by_serials
-- Signed answers; the caller drops those of other authorities.
SELECT * FROM ocsp_answer WHERE serial IN (:serials...) AND this_update <= :now AND expires_at > :now;

-- name: put
-- A new one takes the place of the last.
INSERT INTO ocsp_answer (serial, authority_id, cert_id, key_id, response, this_update, expires_at)
VALUES (:serial, :authority_id, :cert_id, :key_id, :response, :this_update, :expires_at)
ON CONFLICT (serial, authority_id, cert_id) DO UPDATE SET key_id = excluded.key_id,
    response = excluded.response, this_update = excluded.this_update, expires_at = excluded.expires_at;

-- name: remove
-- A certificate's status changes: what was said of it is wrong.
DELETE FROM ocsp_answer WHERE serial = :serial AND authority_id = :authority_id;

-- name: any_expired
-- Whether there is anything to remove.
SELECT 1 FROM ocsp_answer WHERE expires_at <= :now LIMIT 1;

-- name: expired_until
-- The expiry of the last of so many expired ones.
SELECT max(expires_at) AS until FROM (
    SELECT expires_at FROM ocsp_answer WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit
) AS oldest;

-- name: remove_expired
-- Nobody reads them any more.
DELETE FROM ocsp_answer WHERE expires_at <= :until;
