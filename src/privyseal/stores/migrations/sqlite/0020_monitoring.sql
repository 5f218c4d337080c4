-- Monitoring: how many managed certificates there are, and indexes along the ends of what is watched.

CREATE TABLE managed_tally ( -- written in the commit that changes a certificate, so that nobody has to count
    kind                  TEXT   NOT NULL,
    status                TEXT   NOT NULL,
    renewal_status        TEXT   NOT NULL, -- '': none
    day                   BIGINT NOT NULL, -- when the day (UTC) of their end begins; 0 where they are not ISSUED
    certificates          BIGINT NOT NULL,
    PRIMARY KEY (kind, status, renewal_status, day)
);

INSERT INTO managed_tally (kind, status, renewal_status, day, certificates)
SELECT kind, status, renewal_status,
       CASE WHEN status = 'ISSUED' THEN not_after - not_after % 86400000000 ELSE 0 END, count(*)
FROM managed_search
GROUP BY kind, status, renewal_status,
       CASE WHEN status = 'ISSUED' THEN not_after - not_after % 86400000000 ELSE 0 END;

CREATE INDEX authority_not_after ON authority (status, not_after) WHERE not_after IS NOT NULL;
CREATE INDEX ocsp_responder_not_after ON ocsp_responder (not_after)
    WHERE due_at IS NOT NULL AND not_after IS NOT NULL;
