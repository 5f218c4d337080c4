-- name: put
-- A revoked certificate, as CRLs will list it.
INSERT INTO revocation (authority_id, partition, not_after, serial, entry, revoked_at)
VALUES (:authority_id, :partition, :not_after, :serial, :entry, :revoked_at)
ON CONFLICT (authority_id, partition, not_after, serial)
    DO UPDATE SET entry = excluded.entry, revoked_at = excluded.revoked_at;

-- name: remove
-- A hold was taken back: CRLs list it no more …
DELETE FROM revocation WHERE authority_id = :authority_id AND partition = :partition
    AND not_after = :not_after AND serial = :serial;

-- name: release
-- … and delta CRLs say so.
INSERT INTO release (authority_id, partition, serial, released_at, entry)
VALUES (:authority_id, :partition, :serial, :revoked_at, :entry)
ON CONFLICT (authority_id, partition, serial)
    DO UPDATE SET released_at = excluded.released_at, entry = excluded.entry;

-- name: forget_release
-- It is revoked or held again.
DELETE FROM release WHERE authority_id = :authority_id AND partition = :partition AND serial = :serial;

-- name: page
-- What a CRL lists, in the order of its clustered key.
SELECT entry, not_after, serial FROM revocation
WHERE authority_id = :authority_id AND partition = :partition AND (not_after, serial) > (:not_after, :serial)
ORDER BY not_after, serial LIMIT :limit;

-- name: recent
-- What a delta CRL lists.
SELECT entry, revoked_at, not_after, serial FROM revocation
WHERE authority_id = :authority_id AND partition = :partition
    AND (revoked_at, not_after, serial) > (:revoked_at, :not_after, :serial)
ORDER BY revoked_at, not_after, serial LIMIT :limit;

-- name: released
-- What a delta CRL takes back.
SELECT entry, released_at, serial FROM release
WHERE authority_id = :authority_id AND partition = :partition
    AND (released_at, serial) > (:released_at, :serial)
ORDER BY released_at, serial LIMIT :limit;

-- name: partitions
-- Of an authority.
SELECT id FROM crl_partition WHERE authority_id = :authority_id ORDER BY opened_at, id;
