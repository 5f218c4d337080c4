-- The certificates that devices have had, and what registrars have done for them.

CREATE TABLE device_certificate (
    account               TEXT   NOT NULL,
    device_id             TEXT   NOT NULL,
    arn                   TEXT   NOT NULL, -- what the issuer calls it
    csr_digest            BLOB   NOT NULL, -- SHA-256 of the DER of the request
    requested_at          BIGINT NOT NULL, -- of the claim
    der                   BLOB   NOT NULL,
    chain                 TEXT   NOT NULL, -- PEM
    issued_at             BIGINT NOT NULL,
    not_after             BIGINT NOT NULL,
    state                 TEXT   NOT NULL,
    due_at                BIGINT,          -- when it has to be looked after; NULL: never
    held                  BIGINT NOT NULL, -- 1: since its device was suspended
    PRIMARY KEY (account, device_id, arn)
);

CREATE UNIQUE INDEX device_certificate_active ON device_certificate (account, device_id)
    WHERE state = 'ACTIVE';
CREATE INDEX device_certificate_due ON device_certificate (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE device_registration ( -- what one registrar has done for one certificate
    account               TEXT   NOT NULL,
    device_id             TEXT   NOT NULL,
    arn                   TEXT   NOT NULL,
    registrar             TEXT   NOT NULL, -- its name in the settings, with its region
    state                 TEXT   NOT NULL,
    reference             TEXT   NOT NULL, -- what the registrar calls the certificate
    changed_at            BIGINT NOT NULL,
    PRIMARY KEY (account, device_id, arn, registrar)
);

CREATE TABLE issuing_intent ( -- for issuers that know no idempotency tokens
    token                 TEXT   NOT NULL PRIMARY KEY,
    csr_digest            BLOB   NOT NULL,
    began_at              BIGINT NOT NULL,
    leased_until          BIGINT NOT NULL,
    arn                   TEXT,            -- what came of it, like the next two
    certificate           TEXT,            -- PEM
    chain                 TEXT             -- PEM
);

CREATE INDEX issuing_intent_age ON issuing_intent (began_at);
