-- Recurring work: when each job is next due, who does it now, and how the last run went; and what has been
-- said of authorities that come to their end.

CREATE TABLE job (
    name                  TEXT   NOT NULL PRIMARY KEY,
    next_at               BIGINT NOT NULL, -- not before this
    holder                TEXT,            -- the process that runs it, or did last
    until                 BIGINT NOT NULL, -- the end of its lease
    started_at            BIGINT,          -- of the last run; NULL: it has not run yet
    ended_at              BIGINT,
    succeeded_at          BIGINT,          -- when a run last went well
    runs                  BIGINT NOT NULL, -- that have ended
    failures              BIGINT NOT NULL, -- of these
    attempts              BIGINT NOT NULL, -- failures in a row
    error                 TEXT             -- of the last failure; NULL: the last run went well
);

CREATE TABLE authority_expiry (
    authority_id          TEXT   NOT NULL PRIMARY KEY,
    not_after             BIGINT NOT NULL, -- of the certificate that this is about
    due_at                BIGINT,          -- when there is something to say; NULL: all has been said
    stage                 BIGINT           -- days before the end of what was said last; 0: that it has expired
);

CREATE INDEX authority_expiry_due ON authority_expiry (due_at) WHERE due_at IS NOT NULL;

-- Of authorities that are there already, what holds now is said once.
INSERT INTO authority_expiry (authority_id, not_after, due_at, stage)
SELECT id, not_after, 0, NULL FROM authority WHERE not_after IS NOT NULL;

-- Its work is done by jobs now.
DROP TABLE audit_lease;
