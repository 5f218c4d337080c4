-- name: insert
-- A run that waits for its turn.
INSERT INTO gitops_run (id, account, name, principal, request_id, forces, input, state, created_at, due_at, attempts,
    revision, problem, started_at, finished_at)
VALUES (:id, :account, :name, :principal, :request_id, :forces, :input, :state, :created_at, :due_at, :attempts,
    :revision, :problem, :started_at, :finished_at);

-- name: find
-- One of an account.
SELECT * FROM gitops_run WHERE id = :id AND account = :account;

-- name: named
-- One of an account by its caller's name.
SELECT * FROM gitops_run WHERE account = :account AND name = :name;

-- name: unfinished
-- The oldest one that is not done.
SELECT * FROM gitops_run WHERE finished_at IS NULL ORDER BY created_at, id LIMIT 1;

-- name: update
-- What changes of a run.
UPDATE gitops_run SET state = :state, due_at = :due_at, attempts = :attempts, revision = :revision, problem = :problem,
    started_at = :started_at, finished_at = :finished_at
WHERE id = :id;

-- name: first_page
-- The newest first.
SELECT * FROM gitops_run WHERE account = :account ORDER BY created_at DESC, id DESC LIMIT :limit;

-- name: next_page
-- The page after `first_page`, and so on.
SELECT * FROM gitops_run WHERE account = :account
    AND (created_at < :before_at OR (created_at = :before_at AND id < :before_id))
ORDER BY created_at DESC, id DESC LIMIT :limit;

-- name: insert_step
-- A step of a plan.
INSERT INTO gitops_step (run_id, position, file, number, common_name, action, reason, planned_serial, outcome, detail,
    serial)
VALUES (:run_id, :position, :file, :number, :common_name, :action, :reason, :planned_serial, :outcome, :detail,
    :serial);

-- name: finish_step
-- The first outcome stays.
UPDATE gitops_step SET outcome = :outcome, detail = :detail, serial = :serial
WHERE run_id = :run_id AND position = :position AND outcome IS NULL;

-- name: steps
-- One page of a run's steps.
SELECT * FROM gitops_step WHERE run_id = :run_id AND position > :after ORDER BY position LIMIT :limit;

-- name: open_steps
-- What is still to be done.
SELECT * FROM gitops_step WHERE run_id = :run_id AND outcome IS NULL ORDER BY position LIMIT :limit;

-- name: counts
-- How many steps have which action and which outcome.
SELECT action, outcome, COUNT(*) AS n FROM gitops_step WHERE run_id = :run_id GROUP BY action, outcome;

-- name: forget_steps
-- Those of the few runs that have just become too old.
DELETE FROM gitops_step WHERE run_id IN (
    SELECT id FROM gitops_run WHERE account = :account AND finished_at IS NOT NULL
    ORDER BY created_at DESC, id DESC LIMIT 5 OFFSET :keep);

-- name: file
-- One file of the last snapshot.
SELECT content FROM gitops_file WHERE account = :account AND path = :path;

-- name: paths
-- All files of the last snapshot.
SELECT path FROM gitops_file WHERE account = :account;

-- name: put_file
-- Add, or overwrite what has changed.
INSERT INTO gitops_file (account, path, content) VALUES (:account, :path, :content)
ON CONFLICT (account, path) DO UPDATE SET content = excluded.content
WHERE gitops_file.content <> excluded.content;

-- name: remove_file
-- It is in the snapshot no more.
DELETE FROM gitops_file WHERE account = :account AND path = :path;

-- name: clear_entries
-- Before all of them are written anew.
DELETE FROM gitops_entry WHERE account = :account;

-- name: put_entry
-- The subject of an entry; two entries may have the same.
INSERT INTO gitops_entry (account, common_name, organization, organizational_unit)
VALUES (:account, :common_name, :organization, :organizational_unit)
ON CONFLICT (account, common_name, organization, organizational_unit) DO NOTHING;

-- name: matching
-- An entry of that subject; what one of both does not say does not count.
SELECT 1 AS found FROM gitops_entry WHERE account = :account AND common_name = :common_name
    AND (organization = '' OR :organization = '' OR organization = :organization)
    AND (organizational_unit = '' OR :organizational_unit = '' OR organizational_unit = :organizational_unit)
LIMIT 1;
