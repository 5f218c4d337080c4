"""What becomes of the new authority when a rotation is given up.

One that nobody uses is put away: registrars forget it, it is switched off and deleted, and can be
restored for 30 days. Nobody uses it as long as it has never issued for devices, and has certified nothing
but codes for registrars and its own OCSP responder. Any other stays as it is, since its certificates
need its CRLs and OCSP answers: what to do about it is said then.
"""

from collections.abc import Iterator, Mapping

from privyseal.ca.lookup import is_gone
from privyseal.ca.model import OCSP_RESPONDER, Authority, Certificate
from privyseal.ca.service import CertificateAuthorities
from privyseal.ca.states import Status
from privyseal.devices.ca_rotation.model import Rotation, Step
from privyseal.devices.ca_rotation.ports import Rows
from privyseal.devices.ports import Registrar
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn, CertificateArn
from privyseal.store import Store, Tx
from privyseal.x509.pem import to_pem

# What the token of a certificate for a registrar's code begins with.
PROOF = "privyseal:proof/"
_PAGE = 100
# So often registrars are asked to forget it; one that cannot be reached then must not keep it for ever.
_ATTEMPTS = 5
_HOW = (
    "when nobody uses it any more: aws acm-pca update-certificate-authority --status DISABLED "
    "--certificate-authority-arn {arn}"
)


class Discarding:
    def __init__(
        self,
        store: Store,
        rows: Rows,
        authorities: CertificateAuthorities,
        registrars: Mapping[str, Registrar],
    ) -> None:
        self._store = store
        self._rows = rows.ca
        self._rotations = rows.rotations
        self._authorities = authorities
        self._registrars = registrars

    def discard(self, rotation: Rotation, new: str) -> str:
        """What has become of it, in words. Raises PrivySealError where another attempt may do more."""

        def read(tx: Tx) -> tuple[Authority | None, str]:
            authority = self._rows.authorities.find(tx, AuthorityArn.parse(new).id)
            if authority is None or authority.status is Status.DELETED:
                return None, f"{new} is deleted."
            return authority, self._use(tx, rotation, authority)

        authority, use = self._store.view(read)
        if authority is None or use:
            return use or f"{new} is deleted."
        left = self._forgotten(authority)
        if left and rotation.attempts < _ATTEMPTS:
            raise PrivySealError(ErrorCode.UNAVAILABLE, left.strip())
        return self._store.transact(lambda tx: self._delete(tx, rotation, new)) + left

    def _use(self, tx: Tx, rotation: Rotation, authority: Authority) -> str:
        """Who uses it, and what to do then; "" for nobody."""
        how = _HOW.format(arn=authority.arn)
        if any(each.step is Step.SWITCH for each in self._rotations.done(tx, rotation.id)):
            return f"{authority.arn} stays, for the devices that have its certificates. Disable it " + how
        other = next((each for each in self._issued(tx, authority) if not _is_ours(each)), None)
        if other is not None:
            named = CertificateArn(authority.arn, other.serial)
            return f"{authority.arn} stays, since it has issued {named}. Disable it " + how
        return ""

    def _issued(self, tx: Tx, authority: Authority) -> Iterator[Certificate]:
        after = None
        while True:
            page = self._rows.certificates.page(tx, authority.arn.id, after, _PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].issued_at, page[-1].serial

    def _forgotten(self, authority: Authority) -> str:
        """What has failed, in words; "" where every registrar has forgotten it."""
        if authority.certificate is None:
            return ""
        failed = []
        for name, registrar in self._registrars.items():
            try:
                registrar.distrust(to_pem(authority.certificate))
            except PrivySealError as error:
                failed.append(f" {name} may still know it: {error.message}")
        return "".join(failed)

    def _delete(self, tx: Tx, rotation: Rotation, new: str) -> str:
        """Unless somebody has begun to use it, or has deleted it, meanwhile."""
        authority = self._rows.authorities.find(tx, AuthorityArn.parse(new).id)
        if authority is None or is_gone(authority, tx.now) or authority.status is Status.DELETED:
            return f"{new} is deleted."
        if use := self._use(tx, rotation, authority):
            return use
        until = self._authorities.authorities.discard(tx, rotation.caller, new).restorable_until
        return f"{new} is disabled and deleted" + (
            f"; it can be restored until {until:%Y-%m-%d}." if until else "."
        )


def _is_ours(certificate: Certificate) -> bool:
    token = certificate.token or ""
    return certificate.service_principal == OCSP_RESPONDER or token.startswith(PROOF)
