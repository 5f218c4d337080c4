-- Certificate revocation lists: which are to be made when, and those that have been.

CREATE TABLE crl (
    authority_id          TEXT   NOT NULL,
    partition             TEXT   NOT NULL, -- '': the complete one
    due_at                BIGINT,          -- to be made from then on; NULL: never again
    changes               BIGINT NOT NULL, -- counts what happened that the next one has to say
    changed_at            BIGINT,          -- the last moment that was taken here: an authority's only grow
    attempts              BIGINT NOT NULL, -- how often one was begun
    failures              BIGINT NOT NULL, -- in a row
    leased_until          BIGINT NOT NULL, -- until then, one process makes it
    number                BIGINT NOT NULL, -- of the newest one, like all that follows; 0: none yet
    made_at               BIGINT,          -- the moment up to which everything is in it
    this_update           BIGINT,
    next_update           BIGINT,
    base                  BIGINT,          -- number of the complete one that deltas are to
    base_made_at          BIGINT,
    base_update           BIGINT,          -- thisUpdate of that one
    points                TEXT   NOT NULL, -- JSON array of the URLs that certificates of a partition name
    PRIMARY KEY (authority_id, partition)
);

CREATE INDEX crl_due ON crl (due_at) WHERE due_at IS NOT NULL;

-- CRLs as they are served: head, entries and tail. The entries are in chunks of a quarter of a megabyte.
CREATE TABLE crl_document (
    name                  TEXT   NOT NULL, -- of its file: a partition, or the authority
    delta                 BIGINT NOT NULL,
    id                    TEXT   NOT NULL, -- of its chunks
    authority_id          TEXT   NOT NULL,
    partition             TEXT   NOT NULL,
    number                BIGINT NOT NULL,
    this_update           BIGINT NOT NULL,
    next_update           BIGINT NOT NULL,
    size                  BIGINT NOT NULL, -- octets of all of it
    chunks                BIGINT NOT NULL,
    head                  BLOB   NOT NULL,
    tail                  BLOB   NOT NULL,
    PRIMARY KEY (name, delta)
);

CREATE TABLE crl_chunk (
    document_id           TEXT   NOT NULL,
    seq                   BIGINT NOT NULL, -- from 0
    entries               BLOB   NOT NULL,
    PRIMARY KEY (document_id, seq)
);

-- Chunks of a document that is being written or has been replaced: to be deleted from some time on.
CREATE TABLE crl_discard (
    document_id           TEXT   NOT NULL PRIMARY KEY,
    discard_at            BIGINT NOT NULL
);

CREATE INDEX crl_discard_due ON crl_discard (discard_at);
