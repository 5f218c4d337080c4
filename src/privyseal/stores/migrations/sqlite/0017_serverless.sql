-- Certificates that were asked for as serverless-ca's are.

CREATE TABLE serverless_certificate ( -- beside the row of `certificate`, written in the same commit
    account               TEXT   NOT NULL,
    authority_id          TEXT   NOT NULL,
    serial                TEXT   NOT NULL, -- 32 hex digits
    common_name           TEXT   NOT NULL,
    subject               TEXT   NOT NULL, -- as the contract's answers have it
    key_digest            BLOB   NOT NULL, -- SHA-256 of the DER SubjectPublicKeyInfo
    issued_at             BIGINT NOT NULL, -- NotBefore
    expires_at            BIGINT NOT NULL,
    notify_issued         BIGINT NOT NULL,
    notify_expiry         BIGINT NOT NULL,
    PRIMARY KEY (authority_id, serial)
);

CREATE INDEX serverless_certificate_name ON serverless_certificate (account, common_name, issued_at, serial);

CREATE TABLE serverless_key_claim ( -- who is about to get a certificate for a key
    key_digest            BLOB   NOT NULL PRIMARY KEY,
    holder                TEXT   NOT NULL, -- the token of its request
    claimed_until         BIGINT NOT NULL
);

CREATE INDEX serverless_key_claim_end ON serverless_key_claim (claimed_until);
