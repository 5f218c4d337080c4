-- OCSP: the responder of each authority, and the answers that are signed already.

CREATE TABLE ocsp_responder (
    authority_id          TEXT   NOT NULL PRIMARY KEY,
    issuer_sha1           BLOB   NOT NULL, -- of the authority's key: issuerKeyHash of a CertID
    issuer_sha256         BLOB   NOT NULL,
    key_id                TEXT,            -- of the responder's key, like the two after it
    key_uri               TEXT,
    key_wrapped           BLOB,
    certificate           BLOB,            -- DER; NULL until there is one
    issuer_digest         BLOB,            -- SHA-256 of the authority's certificate under which it was issued
    not_before            BIGINT,          -- of the responder's certificate, like the next
    not_after             BIGINT,
    due_at                BIGINT,          -- when to look after it; NULL where there is no reason to
    leased_until          BIGINT NOT NULL, -- until then, nobody else looks after it
    attempts              BIGINT NOT NULL  -- how often somebody began to
);

CREATE UNIQUE INDEX ocsp_responder_sha1 ON ocsp_responder (issuer_sha1);
CREATE UNIQUE INDEX ocsp_responder_sha256 ON ocsp_responder (issuer_sha256);
CREATE INDEX ocsp_responder_due ON ocsp_responder (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE ocsp_answer ( -- whoever changes the status of a certificate deletes its rows in the same commit
    serial                TEXT   NOT NULL,
    authority_id          TEXT   NOT NULL,
    cert_id               BLOB   NOT NULL, -- DER, as requests have it
    key_id                TEXT   NOT NULL, -- of the responder that signed it
    response              BLOB   NOT NULL, -- DER OCSPResponse
    this_update           BIGINT NOT NULL,
    expires_at            BIGINT NOT NULL, -- from then on a new one is signed
    PRIMARY KEY (serial, authority_id, cert_id)
) WITHOUT ROWID;

CREATE INDEX ocsp_answer_expiry ON ocsp_answer (expires_at);
