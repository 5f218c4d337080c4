"""What ListCertificates leaves out unless it is asked for.

Source: acm API reference, ListCertificates: "returns only RSA_1024 and RSA_2048 certificates with at
least one domain" by default, and no certificates that ACME clients have the keys of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from privyseal.managed.filters import NOTHING, And, Filter, Has, Is, Not, Or

DEFAULT_KEY_TYPES = ("RSA_1024", "RSA_2048")
DEFAULT_ORIGINS = ("AWS_MANAGED", "CUSTOMER_PROVIDED")


@dataclass(frozen=True, slots=True)
class Listing:
    """The members of ListCertificates; an empty one asks for nothing special."""

    statuses: Sequence[str] = ()
    origins: Sequence[str] = ()
    key_types: Sequence[str] = ()
    usages: Sequence[str] = ()
    purposes: Sequence[str] = ()
    export_option: str | None = None
    managed_by: str | None = None

    def filter(self) -> Filter:
        return And(tuple(self._conditions()))

    def _conditions(self) -> Iterator[Filter]:
        if self.statuses:
            yield _one_of("status", self.statuses)
        yield _one_of("origin", self.origins or DEFAULT_ORIGINS)
        yield _one_of("key_algorithm", self.key_types or DEFAULT_KEY_TYPES)
        if not self.key_types:
            yield Not(Is("domain", ""))
        for attribute, values in (("usages", self.usages), ("purposes", self.purposes)):
            if values:
                yield Or(tuple(Has(attribute, value) for value in values))
        if self.export_option:
            yield Is("export_option", self.export_option)
        if self.managed_by:
            yield NOTHING


def _one_of(attribute: str, values: Sequence[str]) -> Filter:
    return Or(tuple(Is(attribute, value) for value in values))
