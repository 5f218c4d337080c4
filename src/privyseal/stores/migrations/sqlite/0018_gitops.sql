-- Certificates by pull request: runs over the files of a folder, and the files as they were read last.

CREATE TABLE gitops_run (
    id                    TEXT   NOT NULL PRIMARY KEY,
    account               TEXT   NOT NULL,
    name                  TEXT   NOT NULL, -- its caller's
    principal             TEXT   NOT NULL,
    request_id            TEXT   NOT NULL,
    forces                BIGINT NOT NULL,
    input                 TEXT   NOT NULL,
    state                 TEXT   NOT NULL, -- QUEUED, RUNNING, SUCCEEDED, FAILED
    created_at            BIGINT NOT NULL,
    due_at                BIGINT NOT NULL,
    attempts              BIGINT NOT NULL,
    revision              TEXT   NOT NULL,
    problem               TEXT   NOT NULL,
    started_at            BIGINT,
    finished_at           BIGINT
);

CREATE UNIQUE INDEX gitops_run_name ON gitops_run (account, name);
CREATE INDEX gitops_run_time ON gitops_run (account, created_at, id);
CREATE INDEX gitops_run_open ON gitops_run (created_at, id) WHERE finished_at IS NULL;

CREATE TABLE gitops_step ( -- one entry of a run's files
    run_id                TEXT   NOT NULL,
    position              BIGINT NOT NULL,
    file                  TEXT   NOT NULL,
    number                BIGINT NOT NULL, -- place in the file
    common_name           TEXT   NOT NULL,
    action                TEXT   NOT NULL, -- planned
    reason                TEXT   NOT NULL,
    planned_serial        TEXT, -- decimal, of what is to be revoked
    outcome               TEXT, -- what came of it
    detail                TEXT   NOT NULL,
    serial                TEXT, -- decimal, of what was issued or revoked
    PRIMARY KEY (run_id, position)
);

CREATE INDEX gitops_step_open ON gitops_step (run_id, position) WHERE outcome IS NULL;

CREATE TABLE gitops_file ( -- as the last run has read it
    account               TEXT   NOT NULL,
    path                  TEXT   NOT NULL,
    content               BLOB   NOT NULL,
    PRIMARY KEY (account, path)
);

CREATE TABLE gitops_entry ( -- subjects of tls.json, as the last run has read it
    account               TEXT   NOT NULL,
    common_name           TEXT   NOT NULL,
    organization          TEXT   NOT NULL,
    organizational_unit   TEXT   NOT NULL,
    PRIMARY KEY (account, common_name, organization, organizational_unit)
);
