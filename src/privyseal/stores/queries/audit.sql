-- name: public_key
SELECT public_key FROM audit_key ORDER BY created_at LIMIT 1;

-- name: key
SELECT id, public_key, private_wrapped FROM audit_key ORDER BY created_at LIMIT 1;

-- name: put_key
INSERT INTO audit_key (id, public_key, private_wrapped, created_at)
VALUES (:id, :public_key, :private_wrapped, :created_at);

-- name: last
SELECT * FROM audit_checkpoint ORDER BY number DESC LIMIT 1;

-- name: find
SELECT * FROM audit_checkpoint WHERE number = :number;

-- name: after
SELECT * FROM audit_checkpoint WHERE number > :number ORDER BY number LIMIT :limit;

-- name: add
INSERT INTO audit_checkpoint (number, body, signature, frontier)
VALUES (:number, :body, :signature, :frontier);

-- name: put_chain
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
SELECT * FROM audit_chain WHERE writer > :after ORDER BY writer LIMIT :limit;

-- name: lease
SELECT holder, until FROM audit_lease WHERE name = :name;

-- name: put_lease
INSERT INTO audit_lease (name, holder, until) VALUES (:name, :holder, :until)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until;

-- name: exported
SELECT number FROM audit_sink WHERE name = :name;

-- name: put_exported
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
       (SELECT min(seq) FROM journal WHERE journal.writer = writers.writer) AS first,
       (SELECT max(seq) FROM journal WHERE journal.writer = writers.writer) AS last
FROM writers WHERE writer IS NOT NULL;

-- name: rows
SELECT * FROM journal WHERE writer = :writer AND seq BETWEEN :first AND :last ORDER BY seq LIMIT :limit;

-- name: rows_since
SELECT * FROM journal WHERE writer = :writer AND seq > :seq AND at >= :since ORDER BY seq LIMIT :limit;
