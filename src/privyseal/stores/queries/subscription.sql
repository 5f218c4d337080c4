-- name: insert
-- Somebody has asked for one.
INSERT INTO subscription (id, account, target, address, state, created_at, confirmed_at, secret_wrapped)
VALUES (:id, :account, :target, :address, :state, :created_at, :confirmed_at, :secret_wrapped);

-- name: find
-- By its id.
SELECT * FROM subscription WHERE id = :id;

-- name: of_address
-- There is at most one.
SELECT * FROM subscription WHERE target = :target AND address = :address;

-- name: confirmed
-- Who gets the events of a target.
SELECT * FROM subscription WHERE target = :target AND state = 'CONFIRMED' ORDER BY address;

-- name: page
-- A page of all, in the order of their ids.
SELECT * FROM subscription WHERE id > :after ORDER BY id LIMIT :limit;

-- name: confirm
-- Its owner agrees.
UPDATE subscription SET state = 'CONFIRMED', confirmed_at = :confirmed_at WHERE id = :id;

-- name: remove
-- It has ended.
DELETE FROM subscription WHERE id = :id;
