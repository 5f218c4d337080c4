"""What must be there before a good request of an operation succeeds, made over the wire."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

from tests.acm_pca_errors.requests import good
from tests.acm_pca_errors.wire import Wire
from tests.aws_calls import Members
from tests.e2e.boto import TEMPLATE, csr_for

# Operations that only look.
READING = frozenset(
    {
        "DescribeCertificateAuthority",
        "DescribeCertificateAuthorityAuditReport",
        "GetCertificate",
        "GetCertificateAuthorityCertificate",
        "GetCertificateAuthorityCsr",
        "GetPolicy",
        "ListCertificateAuthorities",
        "ListPermissions",
        "ListTags",
    }
)


# Of an authority, longer than of what it issues.
_YEAR = {"Type": "YEARS", "Value": 1}


@dataclass
class Stage:
    """Makes authorities and certificates; each call makes new ones."""

    wire: Wire
    _numbers: count = field(default_factory=count)  # type: ignore[type-arg]  # generic for mypy alone

    def do(self, operation: str, arn: str = "", **changes: object) -> Members:
        """A good request that must succeed; its answer."""
        answer = self.wire.send(operation, good(operation, arn) | changes)
        assert answer.status == 200, (operation, answer)
        return answer.members

    def pending(self) -> str:
        return str(self.do("CreateCertificateAuthority")["CertificateAuthorityArn"])

    def own_certificate(self, arn: str) -> bytes:
        csr = self.do("GetCertificateAuthorityCsr", arn)["Csr"].encode()
        issued = self.issue(arn, Csr=csr, TemplateArn=f"{TEMPLATE}RootCACertificate/V1", Validity=_YEAR)
        return str(self.do("GetCertificate", arn, CertificateArn=issued)["Certificate"]).encode()

    def active(self) -> str:
        arn = self.pending()
        self.do("ImportCertificateAuthorityCertificate", arn, Certificate=self.own_certificate(arn))
        return arn

    def issue(self, arn: str, **changes: object) -> str:
        csr = changes.pop("Csr", None) or self.csr()
        return str(self.do("IssueCertificate", arn, Csr=csr, **changes)["CertificateArn"])

    def csr(self) -> bytes:
        return csr_for(f"device-{next(self._numbers)}.internal")


def _importing(stage: Stage) -> Members:
    arn = stage.pending()
    return good("ImportCertificateAuthorityCertificate", arn, certificate=stage.own_certificate(arn))


def _issuing(stage: Stage) -> Members:
    return good("IssueCertificate", stage.active(), stage.csr())


def _issued(stage: Stage) -> Members:
    arn = stage.active()
    return good("GetCertificate", arn) | {"CertificateArn": stage.issue(arn)}


def _to_revoke(stage: Stage) -> Members:
    arn = stage.active()
    serial = stage.issue(arn).rpartition("/")[2]
    return good("RevokeCertificate", arn) | {"CertificateSerial": serial}


def _reported(stage: Stage) -> Members:
    arn = stage.active()
    report = stage.do("CreateCertificateAuthorityAuditReport", arn)["AuditReportId"]
    return good("DescribeCertificateAuthorityAuditReport", arn) | {"AuditReportId": report}


def _after(operation: str, earlier: str) -> Callable[[Stage], Members]:
    """An authority to which something has happened."""

    def stage_it(stage: Stage) -> Members:
        arn = stage.pending()
        stage.do(earlier, arn)
        return good(operation, arn)

    return stage_it


def _of_a_pending_one(operation: str) -> Callable[[Stage], Members]:
    return lambda stage: good(operation, stage.pending())


def _of_an_active_one(operation: str) -> Callable[[Stage], Members]:
    return lambda stage: good(operation, stage.active())


_STAGES: Mapping[str, Callable[[Stage], Members]] = {
    "CreateCertificateAuthorityAuditReport": _of_an_active_one("CreateCertificateAuthorityAuditReport"),
    "DeletePermission": _after("DeletePermission", "CreatePermission"),
    "DeletePolicy": _after("DeletePolicy", "PutPolicy"),
    "DescribeCertificateAuthorityAuditReport": _reported,
    "GetCertificate": _issued,
    "GetCertificateAuthorityCertificate": _of_an_active_one("GetCertificateAuthorityCertificate"),
    "GetPolicy": _after("GetPolicy", "PutPolicy"),
    "ImportCertificateAuthorityCertificate": _importing,
    "IssueCertificate": _issuing,
    "RestoreCertificateAuthority": _after("RestoreCertificateAuthority", "DeleteCertificateAuthority"),
    "RevokeCertificate": _to_revoke,
    "UntagCertificateAuthority": _after("UntagCertificateAuthority", "TagCertificateAuthority"),
    "UpdateCertificateAuthority": _of_an_active_one("UpdateCertificateAuthority"),
}


def staged(operation: str, stage: Stage) -> Members:
    """A request of the operation that succeeds when it is sent now."""
    return _STAGES.get(operation, _of_a_pending_one(operation))(stage)
