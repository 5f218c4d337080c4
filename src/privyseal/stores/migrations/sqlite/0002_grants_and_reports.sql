-- Permissions of services, resource policies, audit reports, and which service asked for a certificate.

ALTER TABLE certificate ADD COLUMN service_principal TEXT; -- acm.amazonaws.com, NULL for everybody else

CREATE TABLE permission (
    authority_id          TEXT   NOT NULL,
    principal             TEXT   NOT NULL, -- of a service
    source_account        TEXT   NOT NULL,
    actions               TEXT   NOT NULL, -- JSON array of operations
    created_at            BIGINT NOT NULL,
    PRIMARY KEY (authority_id, principal, source_account)
);

CREATE TABLE policy (
    authority_id          TEXT   NOT NULL PRIMARY KEY,
    document              TEXT   NOT NULL, -- JSON, as it was given
    changed_at            BIGINT NOT NULL
);

CREATE TABLE audit_report (
    id                    TEXT   NOT NULL PRIMARY KEY,
    authority_id          TEXT   NOT NULL,
    bucket                TEXT   NOT NULL,
    key                   TEXT   NOT NULL,
    format                TEXT   NOT NULL, -- JSON or CSV
    status                TEXT   NOT NULL,
    principal             TEXT   NOT NULL, -- who asked for it, like the next two
    account               TEXT   NOT NULL,
    request_id            TEXT   NOT NULL,
    created_at            BIGINT NOT NULL,
    leased_until          BIGINT NOT NULL, -- until then, one process writes it
    attempts              BIGINT NOT NULL
);

CREATE INDEX audit_report_newest ON audit_report (authority_id, created_at);
CREATE INDEX audit_report_due ON audit_report (leased_until) WHERE status = 'CREATING';
