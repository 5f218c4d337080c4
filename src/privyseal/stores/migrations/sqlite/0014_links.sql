-- Certificates that devices have asked for and will fetch by a link, and the key that signs the links.

CREATE TABLE device_order (
    id                    TEXT   NOT NULL PRIMARY KEY,
    account               TEXT   NOT NULL,
    device_id             TEXT   NOT NULL,
    contract              TEXT   NOT NULL, -- the call whose answer it will be
    csr_digest            BLOB   NOT NULL, -- SHA-256 of the DER
    csr                   BLOB   NOT NULL, -- PEM
    request_id            TEXT   NOT NULL,
    asked_at              BIGINT NOT NULL,
    expires_at            BIGINT NOT NULL,
    link                  TEXT   NOT NULL,
    state                 TEXT   NOT NULL,
    attempts              BIGINT NOT NULL,
    due_at                BIGINT,          -- of the next attempt; NULL: there is an answer
    arn                   TEXT   NOT NULL, -- the answer: a certificate, like the next three,
    certificate           TEXT   NOT NULL, -- PEM
    chain                 TEXT   NOT NULL, -- PEM
    endpoint              TEXT   NOT NULL,
    error                 TEXT   NOT NULL, -- or an error's code, like the next one
    message               TEXT   NOT NULL
);

CREATE UNIQUE INDEX device_order_request ON device_order (account, device_id, contract, csr_digest);
CREATE INDEX device_order_due ON device_order (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX device_order_age ON device_order (expires_at);

CREATE TABLE link_key ( -- one row: every process signs and accepts with the same key
    id                    TEXT   NOT NULL PRIMARY KEY,
    secret_wrapped        BLOB   NOT NULL,
    created_at            BIGINT NOT NULL
);
