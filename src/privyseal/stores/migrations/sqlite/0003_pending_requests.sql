-- Certificates that have been promised and not been signed yet (issuing may be asynchronous).

CREATE TABLE pending_request (
    authority_id          TEXT   NOT NULL,
    serial                TEXT   NOT NULL, -- 32 lower-case hex digits, promised
    request               TEXT   NOT NULL, -- JSON: the whole IssueCertificate
    token                 TEXT,            -- idempotency token, while it counts
    request_digest        BLOB   NOT NULL,
    requested_at          BIGINT NOT NULL,
    due_at                BIGINT NOT NULL, -- not signed before
    leased_until          BIGINT NOT NULL, -- until then, one process signs it
    failure               TEXT,            -- why it will never be signed
    PRIMARY KEY (serial, authority_id)
);

CREATE UNIQUE INDEX pending_request_token ON pending_request (authority_id, token) WHERE token IS NOT NULL;
CREATE INDEX pending_request_due ON pending_request (due_at) WHERE failure IS NULL;
