-- What an authority has revoked of a managed certificate, until that is followed.

ALTER TABLE managed_serial ADD COLUMN to_follow BIGINT NOT NULL DEFAULT 0; -- 1: revoked, and not looked at since

CREATE INDEX managed_serial_serial ON managed_serial (serial);
CREATE INDEX managed_serial_to_follow ON managed_serial (id, serial) WHERE to_follow = 1;

UPDATE managed_serial SET to_follow = 1 WHERE EXISTS (SELECT 1 FROM certificate
    WHERE certificate.serial = managed_serial.serial AND certificate.revoked_at IS NOT NULL);
