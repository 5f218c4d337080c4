-- Certificates of serverless-ca's contract: who is told of them, and where else they are published.

ALTER TABLE serverless_certificate ADD COLUMN revoked_at BIGINT;                  -- as its notice and its table have it
ALTER TABLE serverless_certificate ADD COLUMN reminder_plan TEXT DEFAULT '';      -- the stages that it is planned by; '': not yet, NULL: all has been said
ALTER TABLE serverless_certificate ADD COLUMN reminder_at BIGINT;                 -- there is something to say then
ALTER TABLE serverless_certificate ADD COLUMN reminded TEXT NOT NULL DEFAULT '[]'; -- JSON array of the times of its reminders
ALTER TABLE serverless_certificate ADD COLUMN publish_at BIGINT DEFAULT 0;        -- its item of the table is to be written then; NULL: it is
ALTER TABLE serverless_certificate ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;  -- counts what its item has to say

CREATE INDEX serverless_certificate_plan ON serverless_certificate (reminder_plan) WHERE notify_expiry = 1;
CREATE INDEX serverless_certificate_reminder ON serverless_certificate (reminder_at) WHERE reminder_at IS NOT NULL;
CREATE INDEX serverless_certificate_publish ON serverless_certificate (publish_at) WHERE publish_at IS NOT NULL;

CREATE TABLE serverless_cursor ( -- how far the journal has been read for revocations
    writer                TEXT   NOT NULL PRIMARY KEY,
    seq                   BIGINT NOT NULL
);

CREATE TABLE serverless_published ( -- what of an authority is at a place
    place                 TEXT   NOT NULL,
    authority_id          TEXT   NOT NULL,
    state                 TEXT   NOT NULL, -- which certificate and which CRL
    PRIMARY KEY (place, authority_id)
);
