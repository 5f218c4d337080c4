-- Who gets events by e-mail.

CREATE TABLE subscription (
    id             TEXT   NOT NULL PRIMARY KEY,
    account        TEXT   NOT NULL,
    target         TEXT   NOT NULL, -- NAME of its section [targets.NAME]
    address        TEXT   NOT NULL, -- in lower case
    state          TEXT   NOT NULL, -- PENDING or CONFIRMED
    created_at     BIGINT NOT NULL,
    confirmed_at   BIGINT,
    secret_wrapped BLOB   NOT NULL  -- signs its links
);

CREATE UNIQUE INDEX subscription_address ON subscription (target, address);
