"""How each error is brought about: (operation, error) → what sets the stage and gives the request.

The stage is set through the domain, the request goes over the wire. Each provocation uses authorities
of its own, so that it can be repeated.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from threading import Event

from privyseal.ca.deferred import Deferred
from privyseal.ca.limits import MAX_AUTHORITIES, MAX_TAGS
from privyseal.ca.states import Status
from privyseal.names import CertificateArn, new_id
from tests.acm_pca_errors.deployment import CERTIFICATES_PER_AUTHORITY, UNWRITABLE, Scene
from tests.acm_pca_errors.requests import EC_CONFIGURATION, good
from tests.acm_pca_errors.wire import MODEL, MODELLED
from tests.aws_calls import Members
from tests.ca.parent import Parent
from tests.ca.world import ACCOUNT, CALLER, REGION, csr, issue_request

Provocation = Callable[[Scene], Members]

ARN_MEMBERS = ("CertificateAuthorityArn", "ResourceArn")
# It satisfies the pattern of the service model and is the ARN of nothing.
NO_ARN = f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/one"


def _named(scene: Scene, operation: str, arn: str, **changes: object) -> Members:
    """A request that is good but for `changes`."""
    number = next(scene.numbers)
    return good(operation, arn, csr(f"device-{number}")) | changes


def _nobody(operation: str) -> Provocation:
    """An authority that does not exist."""
    arn = f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/"
    return lambda scene: _named(scene, operation, arn + new_id())


def _no_arn(operation: str) -> Provocation:
    return lambda scene: _named(scene, operation, NO_ARN)


def _deleted(operation: str) -> Provocation:
    """An authority that was deleted, within the days in which it can be restored."""

    def provoke(scene: Scene) -> Members:
        arn = scene.world.create()
        scene.world.ca.authorities.delete(CALLER, arn, None)
        return _named(scene, operation, arn)

    return provoke


def _pending(operation: str) -> Provocation:
    """An authority that waits for its certificate."""
    return lambda scene: _named(scene, operation, scene.world.create())


def _active(operation: str, **changes: object) -> Provocation:
    return lambda scene: _named(scene, operation, scene.world.root(), **changes)


def _as_many_authorities_as_allowed(scene: Scene) -> Members:
    world = scene.world
    while world.store.view(lambda tx: world.rows.authorities.count(tx, ACCOUNT, REGION)) < MAX_AUTHORITIES:
        world.create()
    return good("CreateCertificateAuthority", "")


def _report_after_report(scene: Scene) -> Members:
    arn = scene.world.root()
    scene.world.ca.audit_reports.create(CALLER, arn, "reports", "CSV")
    scene.world.clock.advance(timedelta(minutes=29))
    return good("CreateCertificateAuthorityAuditReport", arn)


def _permission_after_permission(scene: Scene) -> Members:
    arn = scene.world.root()
    members = good("CreatePermission", arn)
    scene.world.ca.permissions.create(CALLER, arn, members["Principal"], ["ListPermissions"], None)
    return members


def _no_permission(scene: Scene) -> Members:
    return good("DeletePermission", scene.world.root())


def _being_created(scene: Scene) -> Members:
    arn = scene.world.create()
    scene.world.set_status(arn, Status.CREATING)
    return good("GetCertificateAuthorityCsr", arn)


def _imported(certificate: Callable[[Scene, str], bytes], chain: bool = False) -> Provocation:
    """Something is imported into a pending root."""

    def provoke(scene: Scene) -> Members:
        arn = scene.world.create()
        pem_text = certificate(scene, arn)
        members = good("ImportCertificateAuthorityCertificate", arn, certificate=pem_text)
        return members | ({"CertificateChain": pem_text} if chain else {})

    return provoke


def _of_another_key(scene: Scene, _arn: str) -> bytes:
    return Parent(scene.world.clock.now()).pem


def _of_the_own_key(scene: Scene, arn: str) -> bytes:
    return scene.world.self_signed(arn)


def _as_many_certificates_as_allowed(scene: Scene) -> Members:
    arn = scene.world.root()
    missing = CERTIFICATES_PER_AUTHORITY - scene.world.stored(arn)
    scene.world.answers(*(issue_request(arn, csr(f"full-{number}")) for number in range(missing)))
    return _named(scene, "IssueCertificate", arn)


def _certificate_of(scene: Scene, **changes: object) -> tuple[str, CertificateArn]:
    arn = scene.world.root()
    return arn, scene.world.issue(arn, csr(f"device-{next(scene.numbers)}"), **changes).arn


def _promised(operation: str, *, fails: bool = False) -> Provocation:
    """A certificate that has its ARN and is not signed yet, or never will be."""

    def provoke(scene: Scene) -> Members:
        world, arn = scene.world, scene.world.root()
        deferred = Deferred(
            world.store,
            world.rows,
            world.ca.issuance,
            issuers=world.ca.issuers,
            scopes=world.ca.scopes,
            delay=timedelta(0 if fails else 1),
        )
        promised = deferred.request(issue_request(arn, csr(f"device-{next(scene.numbers)}")))
        if fails:
            world.ca.authorities.update(CALLER, arn, "DISABLED", None)
            deferred.sign_due(Event())
        named = {"CertificateArn": str(promised), "CertificateSerial": f"{promised.serial:x}"}
        members = good(operation, arn)
        return members | {name: named[name] for name in members.keys() & named.keys()}

    return provoke


def _revoked(scene: Scene) -> Members:
    arn, certificate = _certificate_of(scene)
    serial = f"{certificate.serial:x}"
    scene.world.ca.revocation.revoke(CALLER, arn, serial, "SUPERSEDED")
    return good("RevokeCertificate", arn) | {"CertificateSerial": serial}


def _expired(scene: Scene) -> Members:
    arn, certificate = _certificate_of(scene, validity=("DAYS", 1))
    scene.world.clock.advance(timedelta(days=2))
    return good("RevokeCertificate", arn) | {"CertificateSerial": f"{certificate.serial:x}"}


def _the_roots_own(scene: Scene) -> Members:
    arn = scene.world.root()
    return good("RevokeCertificate", arn) | {"CertificateSerial": f"{scene.world.row(arn).serial:x}"}


def _never_issued(scene: Scene) -> Members:
    return good("RevokeCertificate", scene.world.root())


def _full_of_tags(scene: Scene) -> Members:
    tags = [{"Key": f"tag-{number}"} for number in range(MAX_TAGS)]
    arn = scene.world.create()
    scene.wire.send("TagCertificateAuthority", {"CertificateAuthorityArn": arn, "Tags": tags})
    return good("TagCertificateAuthority", arn)


def _everywhere() -> Iterator[tuple[tuple[str, str], Provocation]]:
    """What every operation on an authority has in common."""
    for operation, errors in MODELLED.items():
        members = MODEL["shapes"][MODEL["operations"][operation]["input"]["shape"]]["members"]
        if not any(name in members for name in ARN_MEMBERS):
            continue
        if "ResourceNotFoundException" in errors:
            yield (operation, "ResourceNotFoundException"), _nobody(operation)
        if "InvalidArnException" in errors:
            yield (operation, "InvalidArnException"), _no_arn(operation)
        if "InvalidStateException" in errors:
            yield (operation, "InvalidStateException"), _deleted(operation)


def _crl(**changes: object) -> Members:
    return {"CrlConfiguration": {"Enabled": True, "ExpirationInDays": 7} | changes}


_RESERVED = [{"Key": "aws:reserved", "Value": ""}]
_WRONG_KEY = EC_CONFIGURATION | {"SigningAlgorithm": "SHA256WITHRSA"}

PROVOKED: Mapping[tuple[str, str], Provocation] = {
    **dict(_everywhere()),
    ("CreateCertificateAuthority", "LimitExceededException"): _as_many_authorities_as_allowed,
    ("CreateCertificateAuthority", "InvalidArgsException"): lambda s: _named(
        s, "CreateCertificateAuthority", "", CertificateAuthorityConfiguration=_WRONG_KEY
    ),
    ("CreateCertificateAuthority", "InvalidPolicyException"): lambda s: _named(
        s, "CreateCertificateAuthority", "", RevocationConfiguration=_crl(S3BucketName=UNWRITABLE)
    ),
    ("CreateCertificateAuthority", "InvalidTagException"): lambda s: _named(
        s, "CreateCertificateAuthority", "", Tags=_RESERVED
    ),
    ("CreateCertificateAuthorityAuditReport", "InvalidArgsException"): _active(
        "CreateCertificateAuthorityAuditReport", S3BucketName="No_Bucket"
    ),
    ("CreateCertificateAuthorityAuditReport", "InvalidStateException"): _pending(
        "CreateCertificateAuthorityAuditReport"
    ),
    ("CreateCertificateAuthorityAuditReport", "RequestInProgressException"): _report_after_report,
    ("CreatePermission", "PermissionAlreadyExistsException"): _permission_after_permission,
    ("DeleteCertificateAuthority", "InvalidStateException"): _active("DeleteCertificateAuthority"),
    ("DeletePermission", "ResourceNotFoundException"): _no_permission,
    ("DescribeCertificateAuthorityAuditReport", "ResourceNotFoundException"): _active(
        "DescribeCertificateAuthorityAuditReport"
    ),
    ("GetCertificate", "ResourceNotFoundException"): _active("GetCertificate"),
    ("GetCertificate", "RequestInProgressException"): _promised("GetCertificate"),
    ("GetCertificate", "RequestFailedException"): _promised("GetCertificate", fails=True),
    ("GetCertificateAuthorityCertificate", "InvalidStateException"): _pending(
        "GetCertificateAuthorityCertificate"
    ),
    ("GetCertificateAuthorityCsr", "RequestInProgressException"): _being_created,
    ("GetPolicy", "ResourceNotFoundException"): _active("GetPolicy"),
    ("ImportCertificateAuthorityCertificate", "CertificateMismatchException"): _imported(_of_another_key),
    ("ImportCertificateAuthorityCertificate", "MalformedCertificateException"): _imported(
        lambda *_: b"-----BEGIN CERTIFICATE-----"
    ),
    ("ImportCertificateAuthorityCertificate", "InvalidRequestException"): _imported(
        _of_the_own_key, chain=True
    ),
    ("IssueCertificate", "LimitExceededException"): _as_many_certificates_as_allowed,
    ("IssueCertificate", "InvalidArgsException"): _active(
        "IssueCertificate", SigningAlgorithm="SHA256WITHRSA"
    ),
    ("IssueCertificate", "InvalidStateException"): _pending("IssueCertificate"),
    ("IssueCertificate", "MalformedCSRException"): _active("IssueCertificate", Csr=b"no PEM"),
    ("ListCertificateAuthorities", "InvalidNextTokenException"): lambda s: _named(
        s, "ListCertificateAuthorities", "", NextToken="x"
    ),
    ("ListPermissions", "InvalidNextTokenException"): _active("ListPermissions", NextToken="x"),
    ("PutPolicy", "InvalidPolicyException"): _active("PutPolicy", Policy="{}"),
    ("RestoreCertificateAuthority", "InvalidStateException"): _active("RestoreCertificateAuthority"),
    ("RevokeCertificate", "RequestAlreadyProcessedException"): _revoked,
    ("RevokeCertificate", "InvalidRequestException"): _the_roots_own,
    ("RevokeCertificate", "RequestInProgressException"): _promised("RevokeCertificate"),
    ("RevokeCertificate", "RequestFailedException"): _promised("RevokeCertificate", fails=True),
    ("RevokeCertificate", "ResourceNotFoundException"): _never_issued,
    ("RevokeCertificate", "InvalidStateException"): _pending("RevokeCertificate"),
    ("TagCertificateAuthority", "InvalidTagException"): _active("TagCertificateAuthority", Tags=_RESERVED),
    ("TagCertificateAuthority", "TooManyTagsException"): _full_of_tags,
    ("UntagCertificateAuthority", "InvalidTagException"): _active(
        "UntagCertificateAuthority", Tags=_RESERVED
    ),
    ("UpdateCertificateAuthority", "InvalidArgsException"): _active(
        "UpdateCertificateAuthority", Status="EXPIRED"
    ),
    ("UpdateCertificateAuthority", "InvalidPolicyException"): _active(
        "UpdateCertificateAuthority", RevocationConfiguration=_crl(S3BucketName=UNWRITABLE)
    ),
    ("UpdateCertificateAuthority", "InvalidStateException"): _pending("UpdateCertificateAuthority"),
}

# Second ways to an error that is in the table: not there, not in that state, not that one.
MORE: Mapping[tuple[str, str, str], Provocation] = (
    {
        (operation, "ResourceNotFoundException", "no authority"): _nobody(operation)
        for operation in (
            "DeletePermission",
            "DescribeCertificateAuthorityAuditReport",
            "GetCertificate",
            "GetPolicy",
            "RevokeCertificate",
        )
    }
    | {
        (operation, "InvalidStateException", "deleted"): _deleted(operation)
        for operation in (
            "CreateCertificateAuthorityAuditReport",
            "DeleteCertificateAuthority",
            "GetCertificateAuthorityCertificate",
            "IssueCertificate",
            "RevokeCertificate",
            "UpdateCertificateAuthority",
        )
    }
    | {
        ("RevokeCertificate", "InvalidRequestException", "expired"): _expired,
        ("RevokeCertificate", "InvalidRequestException", "no serial"): _active(
            "RevokeCertificate", CertificateSerial="xyz"
        ),
        ("IssueCertificate", "InvalidArgsException", "an unknown template"): _active(
            "IssueCertificate", TemplateArn="arn:aws:acm-pca:::template/NoCertificate/V1"
        ),
        ("IssueCertificate", "InvalidArnException", "no template"): _active(
            "IssueCertificate", TemplateArn="arn:aws:acm-pca:us-east-1:111122223333:template"
        ),
        ("UpdateCertificateAuthority", "InvalidArgsException", "a protocol in a name"): _active(
            "UpdateCertificateAuthority",
            RevocationConfiguration=_crl(CustomCname="http://crl.example.com"),
        ),
        ("UpdateCertificateAuthority", "InvalidArgsException", "no bucket's name"): _active(
            "UpdateCertificateAuthority", RevocationConfiguration=_crl(S3BucketName="No_Bucket")
        ),
        ("ListTags", "ValidationException", "no token"): _active("ListTags", NextToken="x"),
        ("GetCertificate", "InvalidArnException", "no certificate"): _active(
            "GetCertificate", CertificateArn=NO_ARN
        ),
    }
)
