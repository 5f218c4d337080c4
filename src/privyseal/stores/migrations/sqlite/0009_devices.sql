-- Devices: their states, batches, and how they are listed.

ALTER TABLE device ADD COLUMN state TEXT NOT NULL DEFAULT 'registered';
ALTER TABLE device ADD COLUMN batch TEXT;

UPDATE device SET state = 'active' WHERE certificate_arn IS NOT NULL;

CREATE INDEX device_state ON device (account, state, id);
CREATE INDEX device_batch ON device (account, batch, id) WHERE batch IS NOT NULL;
CREATE INDEX device_batch_state ON device (account, batch, state, id) WHERE batch IS NOT NULL;
