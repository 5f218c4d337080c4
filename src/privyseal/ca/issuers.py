"""The issuing side of each authority, made out once per version of its row."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import TypeVar

from privyseal.ca.model import Authority
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.x509.build import Issuer, issuer_from_certificate
from privyseal.x509.extensions import Extension

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MAX_KEPT = 256


class Issuers:
    """Used by one batch at a time per authority; a race costs a parse, never a wrong answer."""

    def __init__(self, urls: StatusUrls) -> None:
        self._urls = urls
        self._issuers: OrderedDict[tuple[str, int], Issuer] = OrderedDict()
        self._extensions: OrderedDict[tuple[str, int, str], tuple[Extension, ...]] = OrderedDict()

    def of(self, authority: Authority) -> Issuer | None:
        """The issuer that the authority's certificate makes it; None before there is one."""
        if authority.certificate is None:
            return None
        key = (authority.arn.id, authority.version)
        return self._issuers.get(key) or _keep(
            self._issuers, key, issuer_from_certificate(authority.certificate, authority.chain)
        )

    def configured(self, authority: Authority, partition: str) -> tuple[Extension, ...]:
        """What the authority's revocation settings put into its certificates."""
        key = (authority.arn.id, authority.version, partition)
        found = self._extensions.get(key)
        if found is None:
            found = _keep(self._extensions, key, self._urls.extensions(authority, partition))
        return found


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> V:
    kept[key] = value
    if len(kept) > MAX_KEPT:
        kept.popitem(last=False)
    return value
