-- Revocation: what CRLs list, by authority and partition, and how certificates are found by their key.

ALTER TABLE certificate ADD COLUMN key_digest BLOB;             -- SHA-256 of the DER SubjectPublicKeyInfo
ALTER TABLE certificate ADD COLUMN crl_partition TEXT NOT NULL DEFAULT ''; -- of the CRL it names; '': none
ALTER TABLE certificate ADD COLUMN invalidity_date BIGINT;      -- since when its key is not to be trusted

UPDATE certificate SET key_digest = spki_sha256(der);
CREATE INDEX certificate_key ON certificate (key_digest);

-- Rows are joined to CRLs in the order of their key, those of certificates that have long expired left
-- out. They are never deleted: a clock that jumps ahead for an hour must not lose what is revoked.
CREATE TABLE revocation (
    authority_id          TEXT   NOT NULL,
    partition             TEXT   NOT NULL,
    not_after             BIGINT NOT NULL, -- of the certificate
    serial                TEXT   NOT NULL,
    entry                 BLOB   NOT NULL, -- DER, an element of revokedCertificates
    revoked_at            BIGINT NOT NULL,
    PRIMARY KEY (authority_id, partition, not_after, serial)
) WITHOUT ROWID;

CREATE INDEX revocation_recent ON revocation (authority_id, partition, revoked_at);

CREATE TABLE release ( -- holds that were taken back: delta CRLs say so
    authority_id          TEXT   NOT NULL,
    partition             TEXT   NOT NULL,
    serial                TEXT   NOT NULL,
    released_at           BIGINT NOT NULL,
    entry                 BLOB   NOT NULL, -- with the reason removeFromCRL
    PRIMARY KEY (authority_id, partition, serial)
);

CREATE TABLE crl_partition (
    authority_id          TEXT   NOT NULL,
    id                    TEXT   NOT NULL, -- a UUID: the name of its CRL
    opened_at             BIGINT NOT NULL,
    certificates          BIGINT NOT NULL, -- that name it
    PRIMARY KEY (authority_id, id)
);

CREATE INDEX crl_partition_open ON crl_partition (authority_id, opened_at);

-- What certificates were issued before, revoked ones among them, is taken over.
INSERT INTO revocation (authority_id, partition, not_after, serial, entry, revoked_at)
SELECT authority_id, '', not_after, serial, crl_entry(serial, revoked_at, revocation_reason), revoked_at
FROM certificate WHERE revoked_at IS NOT NULL;
