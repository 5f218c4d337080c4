-- Registrars: what is taken away from a device comes before what it is given, however much of that there is.

CREATE INDEX device_registration_urgent ON device_registration (registrar, due_at)
    WHERE due_at IS NOT NULL AND wanted <> 'DONE';
