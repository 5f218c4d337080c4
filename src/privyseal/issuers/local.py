"""Device certificates from an authority of this service, in the same process."""

from collections.abc import Callable

from privyseal.ca.certificates import chain_below
from privyseal.ca.model import Authority
from privyseal.ca.ports import Certificates
from privyseal.ca.requests import Issued, IssueRequest
from privyseal.ca.revocation.standing import Standing, standing
from privyseal.ca.states import Status
from privyseal.caller import Caller
from privyseal.clock import Clock
from privyseal.devices.ports import IssuedDeviceCertificate
from privyseal.devices.terms import Terms
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import CertificateArn, format_serial
from privyseal.store import Tx
from privyseal.x509.pem import to_pem

# The services of `ca.service.CertificateAuthorities`; each blocks.
Describe = Callable[[Caller, str], tuple[Authority, Status]]
Issue = Callable[[IssueRequest], Issued]
Revoke = Callable[[Caller, str, str, str], None]

# Revoked already; expired; an authority that cannot revoke any more, whose own certificate decides.
_NOTHING_TO_DO = frozenset({ErrorCode.ALREADY_DONE, ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_STATE})
_NOT_OURS = frozenset({ErrorCode.INVALID_ARN, ErrorCode.NOT_FOUND})


class LocalIssuer:
    """Implements `devices.ports.Issuer` on `ca/`, without HTTP in between."""

    def __init__(self, terms: Callable[[], Terms], *, describe: Describe, issue: Issue, clock: Clock) -> None:
        """`terms` are asked for each certificate: the authority may have been replaced by another one."""
        self._terms = terms
        self._describe = describe
        self._issue = issue
        self._clock = clock

    def issue(self, csr_pem: bytes, *, token: str, caller: Caller) -> IssuedDeviceCertificate:
        terms = self._terms()
        authority, _ = self._describe(caller, terms.authority_arn)
        issued = self._issue(
            IssueRequest(
                caller=caller,
                authority_arn=terms.authority_arn,
                csr=csr_pem,
                signing_algorithm=authority.signing_algorithm,
                validity=terms.validity(self._clock.now(), authority.not_after),
                template_arn=terms.template_arn,
                token=token,
            )
        )
        return IssuedDeviceCertificate(to_pem(issued.der), chain_below(authority) or "", str(issued.arn))


class LocalWitness:
    """Implements `devices.ports.Witness` on `ca/`."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates

    def is_good(self, tx: Tx, arn: str) -> bool:
        try:
            named = CertificateArn.parse(arn)
        except PrivySealError:  # of another issuer
            return True
        key = named.authority.id, named.serial
        found = self._certificates.find_many(tx, [key]).get(key)
        return found is None or standing(found) is Standing.GOOD


class LocalRevoker:
    """Implements `devices.ports.Revoker` on `ca/`."""

    def __init__(self, revoke: Revoke) -> None:
        self._revoke = revoke

    def revoke(self, arn: str, caller: Caller, reason: str) -> bool:
        try:
            named = CertificateArn.parse(arn)
            self._revoke(caller, str(named.authority), format_serial(named.serial), reason)
        except PrivySealError as error:
            if error.code in _NOT_OURS:
                return False
            if error.code not in _NOTHING_TO_DO:
                raise
        return True
