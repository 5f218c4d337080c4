"""The issuing side of each authority, parsed once per version of its row."""

from collections import OrderedDict

from privyseal.ca.model import Authority
from privyseal.x509.build import Issuer, issuer_from_certificate

MAX_KEPT = 256


class Issuers:
    """Used by one batch at a time per authority; a race costs a parse, never a wrong answer."""

    def __init__(self) -> None:
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
