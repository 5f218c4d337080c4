"""Tags of authorities, with AWS's limits."""

from collections.abc import Sequence

from privyseal.ca import limits
from privyseal.ca.lookup import find_authority, require_status
from privyseal.ca.model import Authority, Tag
from privyseal.ca.ports import Authorities, Tags
from privyseal.ca.states import TAGGED
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store, Tx


def check_tags(tags: Sequence[Tag]) -> None:
    """Refuse reserved and repeated keys. The service model has checked lengths and characters."""
    keys = [tag.key for tag in tags]
    for key in keys:
        if key.lower().startswith(limits.RESERVED_TAG_PREFIXES):
            raise PrivySealError(ErrorCode.INVALID_TAG, f"The tag key {key!r} has a reserved prefix.")
    if len(set(keys)) != len(keys):
        raise PrivySealError(ErrorCode.INVALID_TAG, "A tag key stands more than once in the request.")


class TagService:
    def __init__(self, store: Store, authorities: Authorities, tags: Tags) -> None:
        self._store = store
        self._authorities = authorities
        self._tags = tags

    def list(self, caller: Caller, arn: str) -> Sequence[Tag]:
        """All tags of an authority, in order of their keys."""

        def read(tx: Tx) -> Sequence[Tag]:
            authority = self._find(tx, caller, arn)
            return self._tags.of(tx, authority.arn.id)

        return self._store.view(read)

    def add(self, caller: Caller, arn: str, tags: Sequence[Tag]) -> None:
        """Add tags; one with the key of an older one replaces it."""
        check_tags(tags)

        def write(tx: Tx) -> None:
            authority = self._find(tx, caller, arn)
            keys = {tag.key for tag in self._tags.of(tx, authority.arn.id)} | {tag.key for tag in tags}
            if len(keys) > limits.MAX_TAGS:
                raise PrivySealError(
                    ErrorCode.TOO_MANY_TAGS, f"An authority has at most {limits.MAX_TAGS} tags."
                )
            self._tags.put(tx, authority.arn.id, tags)
            names = [tag.key for tag in tags]
            tx.record(entry("acm-pca:TagCertificateAuthority", caller, arn, keys=names))

        self._store.transact(write)

    def remove(self, caller: Caller, arn: str, tags: Sequence[Tag]) -> None:
        """Remove by key; a tag that is given with a value goes only if that is its value."""
        check_tags(tags)

        def write(tx: Tx) -> None:
            authority = self._find(tx, caller, arn)
            values = {tag.key: tag.value for tag in self._tags.of(tx, authority.arn.id)}
            keys = [t.key for t in tags if t.key in values and t.value in {None, values[t.key]}]
            if keys:
                self._tags.remove(tx, authority.arn.id, keys)
                tx.record(entry("acm-pca:UntagCertificateAuthority", caller, arn, keys=keys))

        self._store.transact(write)

    def _find(self, tx: Tx, caller: Caller, arn: str) -> Authority:
        return require_status(find_authority(tx, self._authorities, caller, arn), tx.now, TAGGED)
