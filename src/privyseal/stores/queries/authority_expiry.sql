-- name: put
-- An authority has got a certificate, or something has been said.
INSERT INTO authority_expiry (authority_id, not_after, due_at, stage)
VALUES (:authority_id, :not_after, :due_at, :stage)
ON CONFLICT (authority_id) DO UPDATE SET not_after = excluded.not_after, due_at = excluded.due_at,
    stage = excluded.stage;

-- name: due
-- Where there is something to say, the oldest first.
SELECT * FROM authority_expiry WHERE due_at <= :now ORDER BY due_at LIMIT :limit;
