-- name: open_of
-- The newest partition of each authority.
SELECT authority_id, id FROM crl_partition AS newest WHERE authority_id IN (:authorities...)
    AND NOT EXISTS (
        SELECT 1 FROM crl_partition AS later WHERE later.authority_id = newest.authority_id
            AND (later.opened_at > newest.opened_at
                OR (later.opened_at = newest.opened_at AND later.id > newest.id))
    );

-- name: insert
-- A new partition; from now on it is the open one, also where a clock was set back.
INSERT INTO crl_partition (authority_id, id, opened_at, certificates)
SELECT :authority_id, :id, CASE WHEN newest >= :opened_at THEN newest + 1 ELSE :opened_at END, 0
FROM (SELECT MAX(opened_at) AS newest FROM crl_partition WHERE authority_id = :authority_id) AS earlier;

-- name: add
-- Certificates that were issued into a partition.
UPDATE crl_partition SET certificates = certificates + :certificates
WHERE authority_id = :authority_id AND id = :id;

-- name: count
-- How many certificates name a partition.
SELECT certificates FROM crl_partition WHERE authority_id = :authority_id AND id = :id;
