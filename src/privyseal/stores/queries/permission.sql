-- name: insert
-- A service may use an authority.
INSERT INTO permission (authority_id, principal, source_account, actions, created_at)
VALUES (:authority_id, :principal, :source_account, :actions, :created_at);

-- name: remove
-- It may no longer.
DELETE FROM permission
WHERE authority_id = :authority_id AND principal = :principal AND source_account = :source_account;

-- name: first_page
-- The first permissions on an authority.
SELECT * FROM permission WHERE authority_id = :authority_id
ORDER BY principal, source_account LIMIT :limit;

-- name: next_page
-- The permissions after a position.
SELECT * FROM permission WHERE authority_id = :authority_id
    AND (principal > :after_principal OR (principal = :after_principal AND source_account > :after_account))
ORDER BY principal, source_account LIMIT :limit;
