-- Managed certificates: requested, kept fresh, imported. One row each, whatever material it has had.

CREATE TABLE managed_certificate (
    id                    TEXT   NOT NULL PRIMARY KEY,
    region                TEXT   NOT NULL,
    account               TEXT   NOT NULL,
    kind                  TEXT   NOT NULL, -- PRIVATE or IMPORTED
    status                TEXT   NOT NULL,
    domain                TEXT   NOT NULL,
    names                 TEXT   NOT NULL, -- JSON array
    key_algorithm         TEXT   NOT NULL,
    authority_arn         TEXT,
    options               TEXT   NOT NULL, -- JSON, as in the request
    created_at            BIGINT NOT NULL,
    issued_at             BIGINT,
    imported_at           BIGINT,
    der                   BLOB,            -- the certificate, like the five after it
    chain                 TEXT,            -- PEM, issuer first, root last
    key_wrapped           BLOB,
    serial                TEXT,            -- 32 lower-case hex digits; an import's may have 40
    not_before            BIGINT,
    not_after             BIGINT,
    failure_reason        TEXT,
    exported_at           BIGINT,
    first_exported_at     BIGINT,
    in_use_by             TEXT   NOT NULL, -- JSON array of ARNs
    renewal_status        TEXT,            -- the renewal summary, like the two after it
    renewal_reason        TEXT,
    renewal_at            BIGINT,
    revoked_at            BIGINT,
    revocation_reason     TEXT,
    token                 TEXT,            -- idempotency token of the request, while it counts
    request_digest        BLOB   NOT NULL,
    attempt_serial        TEXT,            -- what is being issued, like the two after it
    attempt_key_wrapped   BLOB,
    attempt_csr           TEXT,            -- PEM
    attempt_at            BIGINT,          -- when to issue or renew it, or go on with that; NULL: never
    failures              BIGINT NOT NULL,
    notice_at             BIGINT,          -- when to say that it expires soon; NULL: never
    noticed_days          BIGINT,
    version               BIGINT NOT NULL  -- counts every change of the row
);

CREATE UNIQUE INDEX managed_certificate_token ON managed_certificate (account, region, token)
    WHERE token IS NOT NULL;
CREATE INDEX managed_certificate_page ON managed_certificate (account, region, created_at, id);
CREATE INDEX managed_certificate_attempt ON managed_certificate (status, attempt_at, id)
    WHERE attempt_at IS NOT NULL;
CREATE INDEX managed_certificate_under_way ON managed_certificate (status, attempt_at, id)
    WHERE attempt_serial IS NOT NULL;
CREATE INDEX managed_certificate_notice ON managed_certificate (notice_at, id) WHERE notice_at IS NOT NULL;
CREATE INDEX managed_certificate_expiry ON managed_certificate (status, not_after, id);

CREATE TABLE managed_serial ( -- the certificates that one ARN has had
    id                    TEXT   NOT NULL, -- of the managed certificate
    authority_arn         TEXT   NOT NULL,
    serial                TEXT   NOT NULL,
    not_after             BIGINT NOT NULL,
    PRIMARY KEY (id, authority_arn, serial)
);

CREATE TABLE managed_account ( -- what an account has configured in a region
    account               TEXT   NOT NULL,
    region                TEXT   NOT NULL,
    days_before_expiry    BIGINT NOT NULL,
    token                 TEXT   NOT NULL,
    put_at                BIGINT NOT NULL,
    applied               BIGINT NOT NULL, -- 0: its certificates are still being rescheduled, after this one:
    applied_to_at         BIGINT,
    applied_to_id         TEXT,
    PRIMARY KEY (account, region)
);

CREATE INDEX managed_account_unapplied ON managed_account (account, region) WHERE applied = 0;

-- What of a certificate can be searched and sorted by: narrow rows, so that walking through them is cheap.
-- A time that has not come is -2^62: before all others, and equal to itself, which NULL is not.
CREATE TABLE managed_search (
    id                    TEXT   NOT NULL PRIMARY KEY, -- of the managed certificate
    account               TEXT   NOT NULL,
    region                TEXT   NOT NULL,
    created_at            BIGINT NOT NULL,
    issued_at             BIGINT NOT NULL,
    imported_at           BIGINT NOT NULL,
    revoked_at            BIGINT NOT NULL,
    not_before            BIGINT NOT NULL,
    not_after             BIGINT NOT NULL,
    status                TEXT   NOT NULL,
    renewal_status        TEXT   NOT NULL,
    eligible              BIGINT NOT NULL,
    kind                  TEXT   NOT NULL,
    origin                TEXT   NOT NULL,
    export_option         TEXT   NOT NULL,
    exported              BIGINT NOT NULL,
    in_use                BIGINT NOT NULL,
    key_algorithm         TEXT   NOT NULL,
    domain                TEXT   NOT NULL, -- in lower case
    serial                TEXT   NOT NULL, -- bytes in hexadecimal digits, colons between them
    names                 TEXT   NOT NULL, -- JSON array, like the two after it
    usages                TEXT   NOT NULL,
    purposes              TEXT   NOT NULL
);

-- An index for each order that SearchCertificates knows.
CREATE INDEX managed_search_id ON managed_search (account, region, id);
CREATE INDEX managed_search_created ON managed_search (account, region, created_at, id);
CREATE INDEX managed_search_issued ON managed_search (account, region, issued_at, id);
CREATE INDEX managed_search_imported ON managed_search (account, region, imported_at, id);
CREATE INDEX managed_search_revoked ON managed_search (account, region, revoked_at, id);
CREATE INDEX managed_search_not_before ON managed_search (account, region, not_before, id);
CREATE INDEX managed_search_not_after ON managed_search (account, region, not_after, id);
CREATE INDEX managed_search_status ON managed_search (account, region, status, id);
CREATE INDEX managed_search_renewal ON managed_search (account, region, renewal_status, id);
CREATE INDEX managed_search_eligible ON managed_search (account, region, eligible, id);
CREATE INDEX managed_search_exported ON managed_search (account, region, exported, id);
CREATE INDEX managed_search_in_use ON managed_search (account, region, in_use, id);
CREATE INDEX managed_search_key_algorithm ON managed_search (account, region, key_algorithm, id);
CREATE INDEX managed_search_kind ON managed_search (account, region, kind, id);
CREATE INDEX managed_search_domain ON managed_search (account, region, domain, id);
CREATE INDEX managed_search_origin ON managed_search (account, region, origin, id);
CREATE INDEX managed_search_export_option ON managed_search (account, region, export_option, id);
CREATE INDEX managed_search_serial ON managed_search (account, region, serial, id);

CREATE TABLE managed_name ( -- the DNS names of certificates
    account               TEXT   NOT NULL,
    region                TEXT   NOT NULL,
    name                  TEXT   NOT NULL, -- in lower case
    id                    TEXT   NOT NULL, -- of the managed certificate
    PRIMARY KEY (account, region, name, id)
);

CREATE INDEX managed_name_id ON managed_name (id);
