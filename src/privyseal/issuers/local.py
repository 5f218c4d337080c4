"""Device certificates from an authority of this service, in the same process."""

from collections.abc import Callable

from privyseal.ca.certificates import GetRequest
from privyseal.ca.certification import CertificatePem
from privyseal.ca.model import Authority
from privyseal.ca.requests import Issued, IssueRequest
from privyseal.ca.states import Status
from privyseal.caller import Caller
from privyseal.clock import Clock
from privyseal.devices.ports import IssuedDeviceCertificate
from privyseal.devices.terms import Terms

# The services of `ca.service.CertificateAuthorities`; each blocks.
Describe = Callable[[Caller, str], tuple[Authority, Status]]
Issue = Callable[[IssueRequest], Issued]
Get = Callable[[GetRequest], CertificatePem]


class LocalIssuer:
    """Implements `devices.ports.Issuer` on `ca/`, without HTTP in between."""

    def __init__(self, terms: Terms, *, describe: Describe, issue: Issue, get: Get, clock: Clock) -> None:
        self._terms = terms
        self._describe = describe
        self._issue = issue
        self._get = get
        self._clock = clock

    def issue(self, csr_pem: bytes, *, token: str, caller: Caller) -> IssuedDeviceCertificate:
        terms = self._terms
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
        found = self._get(GetRequest(caller, terms.authority_arn, str(issued.arn)))
        return IssuedDeviceCertificate(found.certificate, found.chain or "", str(issued.arn))
