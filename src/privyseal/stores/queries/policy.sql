-- name: find
-- The resource policy of an authority.
SELECT document FROM policy WHERE authority_id = :authority_id;

-- name: put
-- Attach one, or replace the one that is there.
INSERT INTO policy (authority_id, document, changed_at) VALUES (:authority_id, :document, :changed_at)
ON CONFLICT (authority_id) DO UPDATE SET document = excluded.document, changed_at = excluded.changed_at;

-- name: remove
-- Detach it.
DELETE FROM policy WHERE authority_id = :authority_id;
