-- name: require
-- There is to be such a CRL, from now on.
INSERT INTO crl (authority_id, partition, due_at, changes, attempts, failures, leased_until, number, points)
VALUES (:authority_id, :partition, :now, 1, 0, 0, 0, 0, '[]')
ON CONFLICT (authority_id, partition) DO NOTHING;

-- name: all_changed
-- Every CRL of an authority has something to say: now.
UPDATE crl SET due_at = :now, changes = changes + 1 WHERE authority_id = :authority_id;

-- name: changed
-- CRLs that have something new to say: soon, but not so soon after the last one, nor after a failure.
-- A time in the future is one of a clock that was wrong: it puts nothing off.
UPDATE crl SET changes = changes + 1, changed_at = :moment,
    due_at = CASE
        WHEN due_at <= :soon OR (failures > 0 AND due_at <= :retry) THEN due_at
        WHEN this_update > :soon OR COALESCE(this_update, 0) + :interval <= :soon THEN :soon
        WHEN due_at <= this_update + :interval THEN due_at
        ELSE this_update + :interval
    END
WHERE authority_id = :authority_id AND partition IN (:partitions...);

-- name: number_above
-- The next one's number is above this, which another deployment has used.
UPDATE crl SET number = :number WHERE authority_id = :authority_id AND partition = '' AND number < :number;

-- name: found_at
-- By which URLs its certificates find a partition.
UPDATE crl SET points = :points WHERE authority_id = :authority_id AND partition = :partition;

-- name: last_moment
-- The last one that was taken for an authority.
SELECT MAX(changed_at) AS moment FROM crl WHERE authority_id = :authority_id;

-- name: restart
-- Their times are forgotten, their numbers are not. Who makes one now is too late.
UPDATE crl SET this_update = NULL, next_update = NULL, base = NULL, base_made_at = NULL, base_update = NULL,
    due_at = :now, changes = changes + 1, failures = 0, leased_until = 0, attempts = attempts + 1
WHERE authority_id = :authority_id AND due_at IS NOT NULL;

-- name: find
-- One CRL of an authority.
SELECT * FROM crl WHERE authority_id = :authority_id AND partition = :partition;

-- name: open_partitions
-- Of each authority the one that takes new certificates.
SELECT crl.* FROM crl JOIN crl_partition AS newest
    ON newest.authority_id = crl.authority_id AND newest.id = crl.partition
WHERE NOT EXISTS (
    SELECT 1 FROM crl_partition AS later WHERE later.authority_id = newest.authority_id
        AND (later.opened_at > newest.opened_at
            OR (later.opened_at = newest.opened_at AND later.id > newest.id))
);

-- name: next_updates
-- When the first of each authority's CRLs runs out, of those that are still made.
SELECT authority_id, MIN(next_update) AS next_update FROM crl
WHERE due_at IS NOT NULL AND next_update IS NOT NULL GROUP BY authority_id ORDER BY authority_id;

-- name: next_due
-- The one that is due for longest and that nobody holds. A lease that ends too late is one of a clock
-- that was wrong. So is a CRL of the future: it is tried now, which says so.
SELECT * FROM crl WHERE (due_at <= :now OR (due_at > :retry AND this_update > :ahead))
    AND (leased_until <= :now OR leased_until > :latest)
ORDER BY due_at LIMIT 1;

-- name: lease
-- Only if nobody has begun it since it was read.
UPDATE crl SET leased_until = :until, attempts = attempts + 1, changed_at = :moment
WHERE authority_id = :authority_id AND partition = :partition AND attempts = :attempts
    AND (leased_until <= :now OR leased_until > :until);

-- name: extend
-- Only by who began it last.
UPDATE crl SET leased_until = :until
WHERE authority_id = :authority_id AND partition = :partition AND attempts = :attempts;

-- name: publish
-- Only by who began it last, and never back.
UPDATE crl SET number = :number, made_at = :made_at, this_update = :this_update, next_update = :next_update,
    base = :base, base_made_at = :base_made_at, base_update = :base_update
WHERE authority_id = :authority_id AND partition = :partition AND attempts = :attempts
    AND number < :number AND COALESCE(this_update, 0) <= :this_update;

-- name: finish
-- Only by who began it last. What happened since then wants the next one soon.
UPDATE crl SET leased_until = 0, failures = :failures,
    due_at = CASE WHEN changes = :changes OR :due_at < :soon THEN :due_at ELSE :soon END
WHERE authority_id = :authority_id AND partition = :partition AND attempts = :attempts;

-- name: published
-- What is served by that name.
SELECT * FROM crl_document WHERE name = :name AND delta = :delta;

-- name: all_published
-- What is served of an authority: its complete CRL, and those of its partitions.
SELECT * FROM crl_document WHERE authority_id = :authority_id AND delta = 0 ORDER BY name;

-- name: promised
-- Whether there will be one by that name: an authority's complete one, or that of a partition.
SELECT 1 FROM crl WHERE authority_id = :name AND partition = ''
UNION ALL SELECT 1 FROM crl_partition WHERE id = :name LIMIT 1;

-- name: withdraw
-- Make way for the next one.
DELETE FROM crl_document WHERE name = :name AND delta = :delta;

-- name: insert_document
-- What is served from now on.
INSERT INTO crl_document (name, delta, id, authority_id, partition, number, this_update, next_update, size,
    chunks, head, tail)
VALUES (:name, :delta, :id, :authority_id, :partition, :number, :this_update, :next_update, :size, :chunks,
    :head, :tail);

-- name: append
-- A chunk of a document that is being written.
INSERT INTO crl_chunk (document_id, seq, entries) VALUES (:document_id, :seq, :entries);

-- name: chunk
-- A chunk of a document.
SELECT entries FROM crl_chunk WHERE document_id = :document_id AND seq = :seq;

-- name: discard
-- Delete its chunks from then on.
INSERT INTO crl_discard (document_id, discard_at) VALUES (:document_id, :discard_at)
ON CONFLICT (document_id) DO UPDATE SET discard_at = excluded.discard_at;

-- name: keep
-- It is published: its chunks stay.
DELETE FROM crl_discard WHERE document_id = :document_id;

-- name: next_discarded
-- The chunks that are to go first.
SELECT document_id FROM crl_discard WHERE discard_at <= :now ORDER BY discard_at LIMIT 1;

-- name: delete_chunks
-- So many of a document: a commit must not take long.
DELETE FROM crl_chunk WHERE document_id = :document_id
    AND seq IN (SELECT seq FROM crl_chunk WHERE document_id = :document_id ORDER BY seq LIMIT :limit);
