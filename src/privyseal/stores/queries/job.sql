-- name: all
-- As many as there are jobs in the table of `jobs/`.
SELECT * FROM job;

-- name: find
-- One of them.
SELECT * FROM job WHERE name = :name;

-- name: put
-- The whole row.
INSERT INTO job (name, next_at, holder, until, started_at, ended_at, succeeded_at, runs, failures, attempts,
    error)
VALUES (:name, :next_at, :holder, :until, :started_at, :ended_at, :succeeded_at, :runs, :failures, :attempts,
    :error)
ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at, holder = excluded.holder,
    until = excluded.until, started_at = excluded.started_at, ended_at = excluded.ended_at,
    succeeded_at = excluded.succeeded_at, runs = excluded.runs, failures = excluded.failures,
    attempts = excluded.attempts, error = excluded.error;
