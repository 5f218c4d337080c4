-- name: put
-- The row of a certificate, new or as it is now.
INSERT INTO managed_search (id, account, region, created_at, issued_at, imported_at, revoked_at, not_before, not_after, status,
    renewal_status, eligible, kind, origin, export_option, exported, in_use, key_algorithm, domain,
    serial, names, usages, purposes)
VALUES (:id, :account, :region, :created_at, :issued_at, :imported_at, :revoked_at, :not_before, :not_after,
    :status, :renewal_status, :eligible, :kind, :origin, :export_option, :exported, :in_use,
    :key_algorithm, :domain, :serial, :names, :usages, :purposes)
ON CONFLICT (id) DO UPDATE SET
    created_at = excluded.created_at, issued_at = excluded.issued_at, imported_at =
    excluded.imported_at, revoked_at = excluded.revoked_at, not_before = excluded.not_before,
    not_after = excluded.not_after, status = excluded.status, renewal_status =
    excluded.renewal_status, eligible = excluded.eligible, kind = excluded.kind, origin =
    excluded.origin, export_option = excluded.export_option, exported = excluded.exported, in_use =
    excluded.in_use, key_algorithm = excluded.key_algorithm, domain = excluded.domain, serial =
    excluded.serial, names = excluded.names, usages = excluded.usages, purposes = excluded.purposes;

-- name: remove
-- A certificate is gone.
DELETE FROM managed_search WHERE id = :id;

-- name: names_of
-- The names that are on record for a certificate.
SELECT name FROM managed_name WHERE id = :id;

-- name: put_name
-- A name of a certificate.
INSERT INTO managed_name (account, region, name, id) VALUES (:account, :region, :name, :id);

-- name: remove_names
-- All names of a certificate.
DELETE FROM managed_name WHERE id = :id;

-- name: first_up
-- The first rows in ascending order of a column, which stands in braces here.
SELECT * FROM managed_search WHERE account = :account AND region = :region
ORDER BY {column}, id LIMIT :limit;

-- name: next_up
-- The rows after a place in that order.
SELECT * FROM managed_search WHERE account = :account AND region = :region
    AND ({column}, id) > (:value, :id)
ORDER BY {column}, id LIMIT :limit;

-- name: first_down
-- The first rows in descending order.
SELECT * FROM managed_search WHERE account = :account AND region = :region
ORDER BY {column} DESC, id DESC LIMIT :limit;

-- name: next_down
-- The rows after a place in that order.
SELECT * FROM managed_search WHERE account = :account AND region = :region
    AND ({column}, id) < (:value, :id)
ORDER BY {column} DESC, id DESC LIMIT :limit;

-- name: by_id
-- One certificate of an account and region.
SELECT * FROM managed_search WHERE account = :account AND region = :region AND id = :id;

-- name: by_serial
-- Those with a serial number: an import may have any.
SELECT * FROM managed_search WHERE account = :account AND region = :region AND serial = :serial
ORDER BY id LIMIT :limit;

-- name: by_domain
-- Those with a common name.
SELECT * FROM managed_search WHERE account = :account AND region = :region AND domain = :domain
ORDER BY id LIMIT :limit;

-- name: by_name
-- Those with a DNS name.
SELECT managed_search.* FROM managed_name JOIN managed_search ON managed_search.id = managed_name.id
WHERE managed_name.account = :account AND managed_name.region = :region AND managed_name.name = :name
ORDER BY managed_name.id LIMIT :limit;
