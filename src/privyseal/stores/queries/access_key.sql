-- name: insert
-- A key of a principal; the secret is wrapped.
INSERT INTO access_key (id, secret_wrapped, account, principal, admin, active, created_at)
VALUES (:id, :secret_wrapped, :account, :principal, :admin, :active, :created_at);

-- name: find
-- One key.
SELECT * FROM access_key WHERE id = :id;
