-- name: now
-- How many imports an account has.
SELECT certificates FROM managed_imported WHERE account = :account AND region = :region;

-- name: change_now
-- So many more, or fewer.
INSERT INTO managed_imported (account, region, certificates) VALUES (:account, :region, :change)
ON CONFLICT (account, region) DO UPDATE
    SET certificates = managed_imported.certificates + excluded.certificates;

-- name: since
-- How many it has made: a row for each day.
SELECT coalesce(sum(certificates), 0) AS certificates FROM managed_import
WHERE account = :account AND region = :region AND day > :since;

-- name: add
-- One more on a day.
INSERT INTO managed_import (account, region, day, certificates) VALUES (:account, :region, :day, 1)
ON CONFLICT (account, region, day) DO UPDATE SET certificates = managed_import.certificates + 1;

-- name: forget
-- Days that no longer count.
DELETE FROM managed_import WHERE account = :account AND region = :region AND day <= :since;
