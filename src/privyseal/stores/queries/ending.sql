-- name: authorities
-- Authorities that are to go on, those that expire first before the others.
SELECT id, region, account, subject, serial, not_after FROM authority
WHERE status = 'ACTIVE' AND not_after IS NOT NULL ORDER BY not_after LIMIT :limit;

-- name: responders
-- The ends of the certificates of OCSP responders that are looked after.
SELECT not_after FROM ocsp_responder WHERE due_at IS NOT NULL AND not_after IS NOT NULL
ORDER BY not_after LIMIT :limit;
