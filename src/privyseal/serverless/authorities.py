"""The two authorities of a deployment, under the names that it has for them."""

from collections.abc import Callable
from dataclasses import dataclass

from privyseal.ca.model import Authority
from privyseal.ca.ports import Authorities
from privyseal.ca.revocation.model import CrlDocument
from privyseal.ca.revocation.ports import Crls
from privyseal.errors import PrivySealError
from privyseal.names import AuthorityArn
from privyseal.store import Tx


@dataclass(frozen=True, slots=True)
class Slugs:
    """Slug → ARN, which is empty where there is no such authority."""

    root: tuple[str, str]
    issuing: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """An authority that has a certificate, and its complete CRL, if one has been made."""

    slug: str
    authority: Authority
    crl: CrlDocument | None

    @property
    def certificate(self) -> bytes:
        assert self.authority.certificate is not None
        return self.authority.certificate

    @property
    def state(self) -> str:
        """Tells apart what is to be published of it."""
        return f"{self.authority.serial:x} {self.crl.id if self.crl else '-'}"


class Hierarchy:
    def __init__(self, authorities: Authorities, crls: Crls, slugs: Callable[[Tx], Slugs]) -> None:
        self._authorities = authorities
        self._crls = crls
        self._slugs = slugs

    def standing(self, tx: Tx) -> list[Standing]:
        """Root first. Whoever is not there yet is left out."""
        slugs = self._slugs(tx)
        found = (self._find(tx, *each) for each in (slugs.root, slugs.issuing))
        return [each for each in found if each]

    def _find(self, tx: Tx, slug: str, arn: str) -> Standing | None:
        try:
            authority = self._authorities.find(tx, AuthorityArn.parse(arn).id)
        except PrivySealError:
            return None
        if authority is None or authority.certificate is None:
            return None
        return Standing(slug, authority, self._crls.published(tx, authority.arn.id, delta=False))
