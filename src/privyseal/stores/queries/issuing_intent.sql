-- name: find
-- What is known about a token.
SELECT * FROM issuing_intent WHERE token = :token;

-- name: put
-- Somebody sets out, or knows what came of it.
INSERT INTO issuing_intent (token, csr_digest, began_at, leased_until, arn, certificate, chain)
VALUES (:token, :csr_digest, :began_at, :leased_until, :arn, :certificate, :chain)
ON CONFLICT (token) DO UPDATE SET csr_digest = excluded.csr_digest, began_at = excluded.began_at,
    leased_until = excluded.leased_until, arn = excluded.arn, certificate = excluded.certificate,
    chain = excluded.chain;

-- name: drop
-- Nothing came of it.
DELETE FROM issuing_intent WHERE token = :token;

-- name: prune
-- A few of those that nobody will ask for again.
DELETE FROM issuing_intent WHERE token IN (
    SELECT token FROM issuing_intent WHERE began_at <= :until ORDER BY began_at LIMIT :limit);
