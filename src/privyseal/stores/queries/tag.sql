-- name: of
-- All tags of a resource.
SELECT key, value FROM tag WHERE resource = :resource ORDER BY key;

-- name: put
-- Add one, or overwrite the value of its key.
INSERT INTO tag (resource, key, value) VALUES (:resource, :key, :value)
ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value;

-- name: remove
-- Remove by key.
DELETE FROM tag WHERE resource = :resource AND key IN (:keys...);
