-- Mass revocations: one order, many certificates, resumable.

CREATE TABLE mass_revocation (
    id                    TEXT   NOT NULL PRIMARY KEY,
    account               TEXT   NOT NULL,
    authority             TEXT   NOT NULL, -- ARN
    filter                TEXT,            -- JSON: which of its certificates; NULL for a cascade
    reason                TEXT   NOT NULL,
    invalidity_date       BIGINT,
    principal             TEXT   NOT NULL, -- who ordered it, like the next one
    request_id            TEXT   NOT NULL,
    state                 TEXT   NOT NULL,
    created_at            BIGINT NOT NULL,
    finished_at           BIGINT,
    failure               TEXT,            -- why it was given up
    holder                TEXT   NOT NULL, -- who works on it, until …
    leased_until          BIGINT NOT NULL, -- … then nobody else
    attempts              BIGINT NOT NULL  -- how often it was begun since it last came further
);

-- One at a time for each authority.
CREATE UNIQUE INDEX mass_revocation_running ON mass_revocation (authority) WHERE state = 'RUNNING';
CREATE INDEX mass_revocation_unfinished ON mass_revocation (state, leased_until)
    WHERE state = 'RUNNING' OR state = 'PUBLISHING';
CREATE INDEX mass_revocation_page ON mass_revocation (account, created_at, id);

CREATE TABLE mass_revocation_step ( -- one authority of an order, and how far its certificates are through
    order_id              TEXT   NOT NULL,
    authority_id          TEXT   NOT NULL,
    position              BIGINT NOT NULL, -- from above to below
    authority_version     BIGINT NOT NULL, -- of its row when it had stopped issuing
    after_at              BIGINT NOT NULL, -- issued_at and serial of the last certificate that was seen
    after_serial          TEXT   NOT NULL,
    done                  BIGINT NOT NULL,
    expected              BIGINT,          -- certificates, as counted at the beginning; for progress alone
    revoked               BIGINT NOT NULL,
    last_revoked_at       BIGINT,
    PRIMARY KEY (order_id, authority_id)
);

CREATE TABLE mass_revocation_refusal ( -- what could not be revoked, and why
    order_id              TEXT   NOT NULL,
    resource              TEXT   NOT NULL, -- ARN
    message               TEXT   NOT NULL,
    PRIMARY KEY (order_id, resource)
);
