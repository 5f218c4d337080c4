-- The spine: authorities, certificates, tags, access keys, devices and their claims, journal.
-- Times are microseconds since 1970 (UTC). Identifiers are made in the application.

CREATE TABLE authority (
    id                    TEXT   NOT NULL PRIMARY KEY,
    region                TEXT   NOT NULL,
    account               TEXT   NOT NULL,
    type                  TEXT   NOT NULL,
    status                TEXT   NOT NULL,
    key_algorithm         TEXT   NOT NULL,
    signing_algorithm     TEXT   NOT NULL,
    subject               TEXT   NOT NULL, -- JSON, as in the request
    csr_extensions        TEXT,            -- JSON, as in the request
    revocation            TEXT   NOT NULL, -- JSON, with defaults filled in
    usage_mode            TEXT   NOT NULL,
    key_standard          TEXT   NOT NULL,
    key_uri               TEXT   NOT NULL, -- which key store and which key of it
    key_wrapped           BLOB,            -- the wrapped private key, where the store keeps none itself
    public_key            BLOB   NOT NULL, -- DER SubjectPublicKeyInfo
    csr                   TEXT   NOT NULL, -- PEM
    certificate           BLOB,            -- DER, once imported
    chain                 TEXT,            -- PEM, issuer first, root last; NULL for a root
    serial                TEXT,            -- of that certificate, like the two times
    not_before            BIGINT,
    not_after             BIGINT,
    created_at            BIGINT NOT NULL,
    changed_at            BIGINT NOT NULL,
    failure_reason        TEXT,
    restorable_until      BIGINT,
    status_before_deletion TEXT,
    token                 TEXT,            -- idempotency token of the creation, while it counts
    request_digest        BLOB   NOT NULL,
    version               BIGINT NOT NULL  -- counts every change of the row
);

CREATE UNIQUE INDEX authority_token ON authority (account, region, token) WHERE token IS NOT NULL;
CREATE INDEX authority_page ON authority (account, region, created_at, id);

CREATE TABLE certificate (
    authority_id          TEXT   NOT NULL,
    serial                TEXT   NOT NULL, -- 32 lower-case hex digits
    der                   BLOB   NOT NULL,
    template              TEXT   NOT NULL,
    subject               TEXT   NOT NULL, -- RFC 4514
    not_before            BIGINT NOT NULL,
    not_after             BIGINT NOT NULL,
    issued_at             BIGINT NOT NULL,
    token                 TEXT,            -- idempotency token, while it counts
    request_digest        BLOB   NOT NULL,
    revoked_at            BIGINT,
    revocation_reason     TEXT
);

CREATE UNIQUE INDEX certificate_serial ON certificate (serial, authority_id);
CREATE UNIQUE INDEX certificate_token ON certificate (authority_id, token) WHERE token IS NOT NULL;
CREATE INDEX certificate_page ON certificate (authority_id, issued_at, serial);

CREATE TABLE tag (
    resource              TEXT   NOT NULL, -- an authority id
    key                   TEXT   NOT NULL,
    value                 TEXT,
    PRIMARY KEY (resource, key)
);

CREATE TABLE access_key (
    id                    TEXT   NOT NULL PRIMARY KEY,
    secret_wrapped        BLOB   NOT NULL,
    account               TEXT   NOT NULL,
    principal             TEXT   NOT NULL, -- ARN
    admin                 BIGINT NOT NULL,
    active                BIGINT NOT NULL,
    created_at            BIGINT NOT NULL
);

CREATE TABLE device (
    account               TEXT   NOT NULL,
    id                    TEXT   NOT NULL,
    public_key            BLOB   NOT NULL, -- DER SubjectPublicKeyInfo
    created_at            BIGINT NOT NULL,
    certificate_arn       TEXT,            -- the newest certificate
    certified_at          BIGINT,          -- when that one was asked for
    PRIMARY KEY (account, id)
);

CREATE TABLE device_claim ( -- which device asked with which CSR, while a repetition is a retry
    account               TEXT   NOT NULL,
    device_id             TEXT   NOT NULL,
    csr_digest            BLOB   NOT NULL, -- SHA-256 of the DER
    requested_at          BIGINT NOT NULL,
    PRIMARY KEY (account, device_id, csr_digest)
);

CREATE INDEX device_claim_age ON device_claim (requested_at);

CREATE TABLE journal (
    writer                TEXT   NOT NULL, -- a new id for each process start
    seq                   BIGINT NOT NULL,
    at                    BIGINT NOT NULL,
    previous              BLOB   NOT NULL,
    root                  BLOB   NOT NULL,
    entries               TEXT   NOT NULL, -- JSON array
    PRIMARY KEY (writer, seq)
);
