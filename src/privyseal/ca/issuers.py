"""The issuing side of each authority, parsed once per version of its row."""

from collections import OrderedDict

from privyseal.ca.model import Authority
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.x509.build import Issuer, issuer_from_certificate
from privyseal.x509.extensions import Extension

MAX_KEPT = 256


class Issuers:
    """Used by one batch at a time per authority; a race costs a parse, never a wrong answer."""

    def __init__(self, urls: StatusUrls) -> None:
        self._urls = urls
        self._kept: OrderedDict[tuple[str, int], Issuer] = OrderedDict()

    def of(self, authority: Authority) -> Issuer | None:
        """The issuer that the authority's certificate makes it; None before there is one."""
        if authority.certificate is None:
            return None
        key = (authority.arn.id, authority.version)
        issuer = self._kept.get(key)
        if issuer is None:
            issuer = self._kept[key] = issuer_from_certificate(authority.certificate, authority.chain)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return issuer

    def configured(self, authority: Authority, partition: str) -> tuple[Extension, ...]:
        """What the authority's revocation settings put into its certificates."""
        return self._urls.extensions(authority, partition)
