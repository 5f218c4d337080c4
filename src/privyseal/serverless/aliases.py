"""The keys that serverless-ca's clients look for in KMS, by their aliases: those of both authorities, and
the one that makes key pairs. An authority's key has the id of its authority.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from privyseal.ca.model import Authority
from privyseal.ca.states import Status
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.names import Names

_NAMESPACE = uuid.UUID("6e5c5d3a-2f0b-4e0e-9d5e-6a6f0d1c9b57")


@dataclass(frozen=True, slots=True)
class AliasedKey:
    """`algorithm` is a KeyAlgorithm of an authority, None for the key that makes key pairs."""

    alias: str
    id: str
    algorithm: str | None
    created_at: datetime


class Aliases:
    """`authorities` are the ARNs behind serverless-ca's names of them; `describe` is that of
    `ca.authorities`. All block.
    """

    def __init__(
        self,
        names: Names,
        authorities: Callable[[], Mapping[str, str]],
        describe: Callable[[Caller, str], tuple[Authority, Status]],
        started: datetime,
    ) -> None:
        self._names = names
        self._authorities = authorities
        self._describe = describe
        self._started = started

    def all(self, caller: Caller) -> Sequence[AliasedKey]:
        """By alias, in alphabetical order. An authority that is not there has none."""
        authorities = self._authorities().items()
        found = [key for slug, arn in authorities if arn and (key := self._of(caller, slug, arn))]
        since = min((key.created_at for key in found), default=self._started)
        name = f"alias/{self._names.key_generation}"
        maker = AliasedKey(name, str(uuid.uuid5(_NAMESPACE, f"{caller.account} {name}")), None, since)
        return sorted([maker, *found], key=lambda each: each.alias)

    def _of(self, caller: Caller, slug: str, arn: str) -> AliasedKey | None:
        try:
            authority, _ = self._describe(caller, arn)
        except PrivySealError as error:
            if error.code in {ErrorCode.NOT_FOUND, ErrorCode.INVALID_ARN}:
                return None
            raise
        return AliasedKey(f"alias/{slug}", authority.arn.id, authority.key_algorithm, authority.created_at)
