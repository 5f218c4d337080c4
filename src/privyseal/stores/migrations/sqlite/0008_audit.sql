-- Signed checkpoints over the journal, and how far each part of the audit trail has come.

CREATE TABLE audit_key (
    id                    TEXT   NOT NULL PRIMARY KEY, -- hex SHA-256 of the public key
    public_key            BLOB   NOT NULL,             -- Ed25519, DER SubjectPublicKeyInfo
    private_wrapped       BLOB   NOT NULL,             -- wrapped, see wrapping.py
    created_at            BIGINT NOT NULL
);

-- Never changed, never deleted: the tree of checkpoint n + 1 grows from the frontier of n.
CREATE TABLE audit_checkpoint (
    number                BIGINT NOT NULL PRIMARY KEY, -- 1, 2, 3 …
    body                  TEXT   NOT NULL,             -- canonical JSON: the bytes that are signed
    signature             BLOB   NOT NULL,
    frontier              BLOB   NOT NULL              -- the perfect subtrees, largest first, 32 bytes each
);

-- Up to where each chain of the journal is in the tree.
CREATE TABLE audit_chain (
    writer                TEXT   NOT NULL PRIMARY KEY,
    seq                   BIGINT NOT NULL,
    head                  BLOB   NOT NULL              -- the digest of row `seq`
);

-- Which process makes checkpoints now; one row at most.
CREATE TABLE audit_lease (
    name                  TEXT   NOT NULL PRIMARY KEY,
    holder                TEXT   NOT NULL,
    until                 BIGINT NOT NULL
);

-- Up to which checkpoint each sink has everything.
CREATE TABLE audit_sink (
    name                  TEXT   NOT NULL PRIMARY KEY,
    number                BIGINT NOT NULL
);
