"""Tags of certificates, with AWS's limits."""

from collections.abc import Sequence

from privyseal.ca.model import Tag
from privyseal.ca.tags import check_tags
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.managed import limits
from privyseal.managed.lookup import find_certificate
from privyseal.managed.repositories import ManagedRows
from privyseal.store import Store, Tx


class Tagging:
    def __init__(self, store: Store, rows: ManagedRows) -> None:
        self._store = store
        self._rows = rows

    def list(self, caller: Caller, arn: str) -> Sequence[Tag]:
        """All tags of a certificate, in order of their keys."""
        return self._store.view(lambda tx: self._rows.tags.of(tx, self._id(tx, caller, arn)))

    def add(self, caller: Caller, arn: str, tags: Sequence[Tag]) -> None:
        """Add tags; one with the key of an older one replaces it."""
        check_tags(tags)

        def write(tx: Tx) -> None:
            certificate_id = self._id(tx, caller, arn)
            keys = {tag.key for tag in self._rows.tags.of(tx, certificate_id)} | {tag.key for tag in tags}
            if len(keys) > limits.MAX_TAGS:
                text = f"A certificate has at most {limits.MAX_TAGS} tags."
                raise PrivySealError(ErrorCode.TOO_MANY_TAGS, text)
            self._rows.tags.put(tx, certificate_id, tags)
            tx.record(entry("acm:AddTagsToCertificate", caller, arn, keys=[tag.key for tag in tags]))

        self._store.transact(write)

    def remove(self, caller: Caller, arn: str, tags: Sequence[Tag]) -> None:
        """Remove by key; a tag that is given with a value goes only if that is its value."""
        check_tags(tags)

        def write(tx: Tx) -> None:
            certificate_id = self._id(tx, caller, arn)
            values = {tag.key: tag.value for tag in self._rows.tags.of(tx, certificate_id)}
            keys = [t.key for t in tags if t.key in values and t.value in {None, values[t.key]}]
            if keys:
                self._rows.tags.remove(tx, certificate_id, keys)
                tx.record(entry("acm:RemoveTagsFromCertificate", caller, arn, keys=keys))

        self._store.transact(write)

    def _id(self, tx: Tx, caller: Caller, arn: str) -> str:
        return find_certificate(tx, self._rows.certificates, caller, arn).arn.id
