
-- An issuing authority of devices is replaced by another one: the operation, step by step.

CREATE TABLE ca_rotation (
    id                    TEXT   NOT NULL PRIMARY KEY,
    account               TEXT   NOT NULL,
    old                   TEXT   NOT NULL, -- ARN
    new                   TEXT,            -- ARN, once it is made
    plan                  TEXT   NOT NULL, -- JSON: what the new authority is to be
    reason                TEXT   NOT NULL, -- of the revocation
    state                 TEXT   NOT NULL,
    step                  TEXT   NOT NULL, -- the next one; of what has ended the last one
    until                 TEXT   NOT NULL, -- after which step to wait for the operator
    revoked_elsewhere     BIGINT NOT NULL, -- 1: the parent, which is not here, has revoked the old one
    mass_revocation       TEXT,            -- the order that revokes everything below the old one
    failure               TEXT,            -- of the last attempt at the step
    attempts              BIGINT NOT NULL, -- at the step
    due_at                BIGINT NOT NULL,
    principal             TEXT   NOT NULL, -- who ordered it
    request_id            TEXT   NOT NULL,
    created_at            BIGINT NOT NULL,
    finished_at           BIGINT,
    version               BIGINT NOT NULL
);

CREATE UNIQUE INDEX ca_rotation_unfinished ON ca_rotation (account) WHERE finished_at IS NULL;
CREATE INDEX ca_rotation_age ON ca_rotation (account, created_at, id);

CREATE TABLE ca_rotation_step ( -- what has been done
    rotation_id           TEXT   NOT NULL,
    step                  TEXT   NOT NULL,
    done_at               BIGINT NOT NULL,
    detail                TEXT   NOT NULL, -- in words
    PRIMARY KEY (rotation_id, step)
);

CREATE TABLE authority_succession ( -- who issues for devices in whose place
    authority             TEXT   NOT NULL PRIMARY KEY, -- ARN
    successor             TEXT   NOT NULL,             -- ARN
    since                 BIGINT NOT NULL
);

CREATE INDEX device_certificate_issuer ON device_certificate (account, arn, state)
    WHERE state IN ('ISSUED', 'ACTIVE', 'RETIRING');

-- Many regions: what each registrar has still to do for a certificate, and when it tries again.

ALTER TABLE device_registration ADD COLUMN wanted TEXT NOT NULL DEFAULT 'DONE';
ALTER TABLE device_registration ADD COLUMN due_at BIGINT; -- NULL: nothing to do
ALTER TABLE device_registration ADD COLUMN leased_until BIGINT; -- somebody is at it until then
ALTER TABLE device_registration ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0; -- that failed, one after the other
ALTER TABLE device_registration ADD COLUMN problem TEXT NOT NULL DEFAULT ''; -- of the last of them

UPDATE device_registration SET wanted = 'WITHDRAWN' WHERE state = 'WITHDRAWN';

CREATE INDEX device_registration_due ON device_registration (registrar, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX device_registration_behind ON device_registration (account, device_id, arn, registrar)
    WHERE due_at IS NOT NULL;
