-- Events: how far the journal has been told, the history of events, and what each target has still to get.

CREATE TABLE event_cursor (
    writer                TEXT   NOT NULL PRIMARY KEY,
    seq                   BIGINT NOT NULL  -- the last of its rows that has been told
);

-- What happened before there were events is not told.
INSERT INTO event_cursor (writer, seq) SELECT writer, max(seq) FROM journal GROUP BY writer;

CREATE TABLE event ( -- the history
    number                BIGINT NOT NULL PRIMARY KEY, -- 1, 2, 3 … in the order in which they were told
    id                    TEXT   NOT NULL, -- of the envelope
    at                    BIGINT NOT NULL, -- when it happened
    account               TEXT   NOT NULL,
    subject               TEXT   NOT NULL, -- what it is about: an ARN, or device/ID
    detail_type           TEXT   NOT NULL,
    body                  TEXT   NOT NULL  -- JSON, the whole envelope
);

CREATE UNIQUE INDEX event_id ON event (id);
CREATE INDEX event_age ON event (at);
CREATE INDEX event_time ON event (account, at, number);
CREATE INDEX event_subject ON event (account, subject, at, number);
CREATE INDEX event_kind ON event (account, detail_type, at, number);

CREATE TABLE event_delivery ( -- of one event to one target
    number                BIGINT NOT NULL, -- of the event
    target                TEXT   NOT NULL, -- NAME of its section
    subject               TEXT   NOT NULL, -- of the event: those of one target and subject are a line
    state                 TEXT   NOT NULL, -- WAITING, DELIVERED or DEAD
    created_at            BIGINT NOT NULL, -- or when it was last replayed
    due_at                BIGINT,          -- of the first WAITING one of its line; NULL: all others
    attempts              BIGINT NOT NULL,
    attempted_at          BIGINT,
    error                 TEXT,            -- of the last attempt
    PRIMARY KEY (number, target)
);

CREATE INDEX event_delivery_due ON event_delivery (target, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX event_delivery_line ON event_delivery (target, subject, number) WHERE state = 'WAITING';
CREATE INDEX event_delivery_dead ON event_delivery (number, target) WHERE state = 'DEAD';
