-- Deliveries of events to each recipient of a target by itself; and how many certificates accounts import.

CREATE TABLE event_delivery_0022 ( -- of one event to one target, or to one of its recipients
    number                BIGINT NOT NULL, -- of the event
    target                TEXT   NOT NULL, -- NAME of its section
    recipient             TEXT   NOT NULL, -- the id of a subscription; '': the target, or whoever it has then
    subject               TEXT   NOT NULL, -- of the event: those of one target, recipient and subject are a line
    state                 TEXT   NOT NULL, -- WAITING, DELIVERED or DEAD
    created_at            BIGINT NOT NULL, -- or when it was last replayed
    due_at                BIGINT,          -- of the first WAITING one of its line; NULL: all others
    attempts              BIGINT NOT NULL,
    attempted_at          BIGINT,
    error                 TEXT,            -- of the last attempt
    PRIMARY KEY (number, target, recipient)
);

INSERT INTO event_delivery_0022
    (number, target, recipient, subject, state, created_at, due_at, attempts, attempted_at, error)
SELECT number, target, '', subject, state, created_at, due_at, attempts, attempted_at, error
FROM event_delivery;

DROP TABLE event_delivery;

ALTER TABLE event_delivery_0022 RENAME TO event_delivery;

CREATE INDEX event_delivery_due ON event_delivery (target, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX event_delivery_line ON event_delivery (target, recipient, subject, number) WHERE state = 'WAITING';
CREATE INDEX event_delivery_dead ON event_delivery (number, target, recipient) WHERE state = 'DEAD';

CREATE TABLE managed_imported ( -- how many imports an account has, so that nobody has to count
    account               TEXT   NOT NULL,
    region                TEXT   NOT NULL,
    certificates          BIGINT NOT NULL,
    PRIMARY KEY (account, region)
);

CREATE TABLE managed_import ( -- and how many it has made on each day of the last year, those that are gone too
    account               TEXT   NOT NULL,
    region                TEXT   NOT NULL,
    day                   BIGINT NOT NULL, -- when it begins (UTC)
    certificates          BIGINT NOT NULL,
    PRIMARY KEY (account, region, day)
);

INSERT INTO managed_imported (account, region, certificates)
SELECT account, region, count(*) FROM managed_certificate WHERE kind = 'IMPORTED' GROUP BY account, region;

INSERT INTO managed_import (account, region, day, certificates)
SELECT account, region, created_at - created_at % 86400000000, count(*) FROM managed_certificate
WHERE kind = 'IMPORTED' GROUP BY account, region, created_at - created_at % 86400000000;

CREATE INDEX managed_certificate_pending ON managed_certificate (status, attempt_at, id)
    WHERE renewal_status = 'PENDING_AUTO_RENEWAL';
