-- name: public_key
-- For who verifies: needs no key-encryption key.
SELECT public_key FROM audit_key ORDER BY created_at LIMIT 1;

-- name: key
-- The key that signs; there is one.
SELECT id, public_key, private_wrapped FROM audit_key ORDER BY created_at LIMIT 1;

-- name: put_key
-- At the first start.
INSERT INTO audit_key (id, public_key, private_wrapped, created_at)
VALUES (:id, :public_key, :private_wrapped, :created_at);

-- name: last
-- The checkpoint that the next one follows.
SELECT * FROM audit_checkpoint WHERE number <= :most ORDER BY number DESC LIMIT 1;

-- name: find
-- The one that an exported checkpoint is compared with.
SELECT * FROM audit_checkpoint WHERE number = :number;

-- name: after
-- A page of checkpoints, in order.
SELECT * FROM audit_checkpoint WHERE number > :number AND number <= :most ORDER BY number LIMIT :limit;

-- name: add
-- Its number is taken when another process was first.
INSERT INTO audit_checkpoint (number, body, signature, frontier)
VALUES (:number, :body, :signature, :frontier);

-- name: put_chain
-- How far a chain is in the tree, in the commit of the checkpoint.
INSERT INTO audit_chain (writer, seq, head) VALUES (:writer, :seq, :head)
ON CONFLICT (writer) DO UPDATE SET seq = excluded.seq, head = excluded.head;

-- name: moved
-- From writer to writer by the primary key, so the cost is one step for each writer that there ever
-- was, however many rows they have.
WITH RECURSIVE writers (writer) AS (
    SELECT min(writer) FROM journal
    UNION ALL
    SELECT (SELECT min(journal.writer) FROM journal WHERE journal.writer > writers.writer)
    FROM writers WHERE writers.writer IS NOT NULL
)
SELECT writers.writer, chain.seq, chain.head
FROM writers LEFT JOIN audit_chain AS chain ON chain.writer = writers.writer
WHERE writers.writer IS NOT NULL
  AND (SELECT max(seq) FROM journal WHERE journal.writer = writers.writer) > coalesce(chain.seq, -1)
LIMIT :limit;

-- name: chains
-- A page of chains, in the order of writers.
SELECT * FROM audit_chain WHERE writer > :after ORDER BY writer LIMIT :limit;

-- name: exported
-- Up to which checkpoint a sink has everything.
SELECT number FROM audit_sink WHERE name = :name;

-- name: put_exported
-- Moves on when a page has been kept.
INSERT INTO audit_sink (name, number) VALUES (:name, :number)
ON CONFLICT (name) DO UPDATE SET number = excluded.number;

-- name: ends
-- Writers in order with their first and last row; see `moved`.
WITH RECURSIVE writers (writer, place) AS (
    SELECT min(writer), 1 FROM journal WHERE writer > :after
    UNION ALL
    SELECT (SELECT min(journal.writer) FROM journal WHERE journal.writer > writers.writer), place + 1
    FROM writers WHERE writers.writer IS NOT NULL AND place < :limit
)
SELECT writer,
       (SELECT min(seq) FROM journal WHERE journal.writer = writers.writer AND seq <= :most) AS first,
       (SELECT max(seq) FROM journal WHERE journal.writer = writers.writer AND seq <= :most) AS last
FROM writers WHERE writer IS NOT NULL;

-- name: rows
-- Rows of one chain from one number to another.
SELECT * FROM journal WHERE writer = :writer AND seq BETWEEN :first AND :last ORDER BY seq LIMIT :limit;

-- name: rows_since
-- Rows of one chain from a time on; passes over those before.
SELECT * FROM journal WHERE writer = :writer AND seq > :seq AND at >= :since ORDER BY seq LIMIT :limit;

-- name: follower
-- For a chain that is broken: there is no index on `previous`.
SELECT seq FROM journal WHERE writer = :writer AND previous = :previous LIMIT 1;
