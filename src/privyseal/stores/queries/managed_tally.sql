-- name: before
-- What has been counted of a certificate.
SELECT kind, status, renewal_status, not_after FROM managed_search WHERE id = :id;

-- name: add
-- So many more, or fewer.
INSERT INTO managed_tally (kind, status, renewal_status, day, certificates)
VALUES (:kind, :status, :renewal_status, :day, :change)
ON CONFLICT (kind, status, renewal_status, day) DO UPDATE
    SET certificates = managed_tally.certificates + excluded.certificates;

-- name: drop_empty
-- Days go by: what counts nothing any more is not kept.
DELETE FROM managed_tally WHERE kind = :kind AND status = :status AND renewal_status = :renewal_status
    AND day = :day AND certificates = 0;

-- name: all
-- A row for each day on which something ends, and a few more.
SELECT * FROM managed_tally ORDER BY kind, status, renewal_status, day;

-- name: first_ending
-- Those that expire first.
SELECT id, region, account, domain, serial, not_after FROM managed_certificate
WHERE status = 'ISSUED' ORDER BY not_after, id LIMIT :limit;

-- name: next_ending
-- Those that expire after a place.
SELECT id, region, account, domain, serial, not_after FROM managed_certificate
WHERE status = 'ISSUED' AND (not_after, id) > (:not_after, :id) ORDER BY not_after, id LIMIT :limit;
