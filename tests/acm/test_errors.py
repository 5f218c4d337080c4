"""Errors by acm's names: a total table, AWS's exact words, and the refusals of every operation."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.x509 import DNSName, SubjectAlternativeName, load_pem_x509_certificate

from privyseal.errors import ErrorCode
from privyseal.frontends.aws import errors
from privyseal.frontends.aws.acm.access_levels import LEVELS
from privyseal.frontends.aws.acm.errors import ACM
from privyseal.frontends.aws.shapes_acm import OPERATIONS
from tests.acm import wire
from tests.acm.scene import OTHER, USER, Scene
from tests.acm.stages import NOBODY, good

ABOUT_ONE = sorted(
    name
    for name, operation in wire.OPERATIONS.items()
    if name not in wire.ACME
    and "CertificateArn"
    in wire.MODEL["shapes"].get(operation.get("input", {}).get("shape"), {}).get("required", ())
)


def test_the_table_is_total_and_every_name_is_acms() -> None:
    """A new code cannot be forgotten; server errors are only those of the server."""
    modelled = {name for names in wire.MODELLED.values() for name in names}
    assert set(ACM) == set(ErrorCode)
    assert {name for name, _ in ACM.values()} <= modelled | errors.COMMON
    assert {code for code, (_, status) in ACM.items() if status >= 500} == {
        ErrorCode.INTERNAL,
        ErrorCode.UNAVAILABLE,
    }


def test_every_operation_of_the_model_has_its_level_and_its_errors() -> None:
    assert set(LEVELS) == set(wire.OPERATIONS)
    assert {name: shape.errors for name, shape in OPERATIONS.items()} == wire.MODELLED


@pytest.mark.parametrize("operation", ABOUT_ONE)
def test_what_is_not_there_is_not_found(acm: Scene, operation: str) -> None:
    """Nor what is another account's."""
    refused = acm.wire.refused(operation, **good(operation, NOBODY))
    assert refused[0] == "ResourceNotFoundException"
    stranger = acm.wire_of(OTHER)
    arn = acm.imported()
    assert stranger.refused(operation, **good(operation, arn))[0] == "ResourceNotFoundException"
    stranger.close()


@pytest.mark.parametrize("operation", sorted(set(ABOUT_ONE) - {"ListCertificateDomainValidations"}))
def test_what_is_no_arn_of_a_certificate_is_refused(acm: Scene, operation: str) -> None:
    """It satisfies the pattern of the service model."""
    arn = "arn:aws:acm:eu-central-1:111122223333:certificate/one"
    assert acm.wire.refused(operation, **good(operation, arn))[0] == "InvalidArnException"


@pytest.mark.parametrize("operation", sorted(wire.OPERATIONS))
def test_who_may_do_nothing_is_told_which_action_is_missing(acm: Scene, operation: str) -> None:
    """Before anything of the request is looked at; and the refusal of a change has the resource on record."""
    user = acm.wire_of(USER)
    error, message = user.refused(operation)
    user.close()
    assert error == "AccessDeniedException"
    assert f"acm:{operation} " in message


@pytest.mark.parametrize("operation", sorted(wire.ACME))
def test_acme_is_not_served_yet(acm: Scene, operation: str) -> None:
    """And says so, whatever the request says."""
    error, message = acm.wire.refused(operation, AcmeEndpointArn="anything")
    assert (error, "not served here yet" in message) == ("UnknownOperationException", True)


Refused = Callable[[Scene], tuple[str, dict[str, Any]]]

NO_TOKEN = (
    "1 validation error detected: Value null at 'idempotencyToken' failed to satisfy constraint: "
    "Member must not be null"
)

EXACT: dict[str, tuple[Refused, str, str]] = {
    "no token": (
        lambda _: ("PutAccountConfiguration", {"ExpiryEvents": {"DaysBeforeExpiry": 5}}),
        "ValidationException",
        NO_TOKEN,
    ),
    "no configuration": (
        lambda _: ("PutAccountConfiguration", {"IdempotencyToken": "a"}),
        "ValidationException",
        "Configuration for events is empty.",
    ),
    "an empty configuration": (
        lambda _: ("PutAccountConfiguration", {"IdempotencyToken": "a", "ExpiryEvents": {}}),
        "ValidationException",
        "Configuration for events is empty.",
    ),
    "a key that cannot be requested": (
        lambda s: (
            "RequestCertificate",
            {
                "DomainName": "a.example.com",
                "CertificateAuthorityArn": s.authority,
                "KeyAlgorithm": "RSA_3072",
            },
        ),
        "ValidationException",
        "Encryption Algorithm RSA_3072 is not supported in eu-central-1 region",
    ),
}


@pytest.mark.parametrize("case", EXACT)
def test_what_clients_match_on_is_word_for_word(acm: Scene, case: str) -> None:
    make, error, message = EXACT[case]
    operation, members = make(acm)
    assert acm.wire.refused(operation, **members) == (error, message)


OTHERS: dict[str, tuple[Refused, str, str]] = {
    "a public certificate": (
        lambda _: ("RequestCertificate", {"DomainName": "a.example.com", "ValidationMethod": "DNS"}),
        "InvalidParameterException",
        "CertificateAuthorityArn",
    ),
    "a domain that is none": (
        lambda s: ("RequestCertificate", {"DomainName": "10.0.0.1", "CertificateAuthorityArn": s.authority}),
        "ValidationException",
        "domainName",
    ),
    "a certificate that CloudFront manages": (
        lambda s: (
            "RequestCertificate",
            {
                "DomainName": "a.example.com",
                "CertificateAuthorityArn": s.authority,
                "ManagedBy": "CLOUDFRONT",
            },
        ),
        "InvalidParameterException",
        "ManagedBy",
    ),
    "a validation of what is not asked for": (
        lambda s: (
            "RequestCertificate",
            {
                "DomainName": "a.example.com",
                "CertificateAuthorityArn": s.authority,
                "DomainValidationOptions": [
                    {"DomainName": "b.example.com", "ValidationDomain": "example.com"}
                ],
            },
        ),
        "InvalidParameterException",
        "'b.example.com'",
    ),
    "a reserved tag": (
        lambda s: ("AddTagsToCertificate", {"CertificateArn": s.imported(), "Tags": [{"Key": "aws:a"}]}),
        "InvalidTagException",
        "reserved prefix",
    ),
    "a get before the issue": (
        lambda s: ("GetCertificate", {"CertificateArn": s.requested()}),
        "RequestInProgressException",
        "is being issued",
    ),
    "an export before the issue": (
        lambda s: ("ExportCertificate", {"CertificateArn": s.requested(), "Passphrase": b"long enough"}),
        "RequestInProgressException",
        "is being issued",
    ),
    "a passphrase of three bytes": (
        lambda s: ("ExportCertificate", {"CertificateArn": s.issued(), "Passphrase": b"abc"}),
        "ValidationException",
        "passphrase",
    ),
    "a renewal of what was not exported": (
        lambda s: ("RenewCertificate", {"CertificateArn": s.issued()}),
        "ValidationException",
        "not eligible",
    ),
    "a renewal of an import": (
        lambda s: ("RenewCertificate", {"CertificateArn": s.imported()}),
        "ValidationException",
        "not eligible",
    ),
    "a revocation of what was never exported": (
        lambda s: ("RevokeCertificate", {"CertificateArn": s.issued(), "RevocationReason": "SUPERSEDED"}),
        "ValidationException",
        "never been exported",
    ),
    "a revocation of an import": (
        lambda s: ("RevokeCertificate", {"CertificateArn": s.imported(), "RevocationReason": "SUPERSEDED"}),
        "ValidationException",
        "is not a private certificate",
    ),
    "a hold": (
        lambda s: (
            "RevokeCertificate",
            {"CertificateArn": s.exported(), "RevocationReason": "CERTIFICATE_HOLD"},
        ),
        "ValidationException",
        "permanent",
    ),
    "e-mail again": (
        lambda s: (
            "ResendValidationEmail",
            {"CertificateArn": s.issued(), "Domain": "www.example.com", "ValidationDomain": "example.com"},
        ),
        "InvalidStateException",
        "not validated by e-mail",
    ),
    "a validation method": (
        lambda s: (
            "UpdateCertificateOptions",
            {"CertificateArn": s.issued(), "Options": {"ValidationMethod": "DNS"}},
        ),
        "ValidationException",
        "no validation method",
    ),
    "an export that is switched off later": (
        lambda s: (
            "UpdateCertificateOptions",
            {"CertificateArn": s.issued(), "Options": {"Export": "DISABLED"}},
        ),
        "ValidationException",
        "settled with its request",
    ),
    "options of what has failed": (
        lambda s: (
            "UpdateCertificateOptions",
            {
                "CertificateArn": _failed(s),
                "Options": {"CertificateTransparencyLoggingPreference": "DISABLED"},
            },
        ),
        "InvalidStateException",
        "FAILED",
    ),
    "a get of what has failed": (
        lambda s: ("GetCertificate", {"CertificateArn": _failed(s)}),
        "ValidationException",
        "never issued",
    ),
    "tags of a certificate as of a resource": (
        lambda s: ("TagResource", {"ResourceArn": s.imported(), "Tags": [{"Key": "a"}]}),
        "ValidationException",
        "AddTagsToCertificate",
    ),
    "tags of an ACME endpoint": (
        lambda _: (
            "ListTagsForResource",
            {"ResourceArn": "arn:aws:acm:eu-central-1:111122223333:acme-endpoint/1"},
        ),
        "ResourceNotFoundException",
        "not served yet",
    ),
    "a page of no validations": (
        lambda s: ("ListCertificateDomainValidations", {"CertificateArn": s.issued(), "NextToken": "a"}),
        "InvalidArgsException",
        "page token",
    ),
    "too many days": (
        lambda _: (
            "PutAccountConfiguration",
            {"IdempotencyToken": "a", "ExpiryEvents": {"DaysBeforeExpiry": 2**31 - 1}},
        ),
        "ValidationException",
        "at most",
    ),
}


def _failed(acm: Scene) -> str:
    nobody = (
        "arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/12345678-1234-1234-1234-123456789012"
    )
    arn = acm.issued(CertificateAuthorityArn=nobody)
    found = acm.described(arn)
    assert (found["Status"], found["FailureReason"]) == ("FAILED", "PCA_RESOURCE_NOT_FOUND")
    assert {each["ValidationStatus"] for each in found["DomainValidationOptions"]} == {"FAILED"}
    return arn


@pytest.mark.parametrize("case", OTHERS)
def test_a_request_that_cannot_be_met_is_refused_by_name(acm: Scene, case: str) -> None:
    make, error, words = OTHERS[case]
    operation, members = make(acm)
    commits = acm.kept.store.commits
    name, message = acm.wire.refused(operation, **members)
    assert (name, words in message) == (error, True), message
    assert acm.kept.store.commits == commits


def test_how_its_own_domains_are_validated_is_of_no_account(acm: Scene) -> None:
    options = [
        {"DomainName": name, "ValidationDomain": "example.com"} for name in ("A.example.com", "b.example.com")
    ]
    arn = acm.issued(
        "a.example.com",
        SubjectAlternativeNames=["b.example.com"],
        ValidationMethod="DNS",
        DomainValidationOptions=options,
    )
    assert acm.described(arn)["Status"] == "ISSUED"


def test_a_name_is_the_same_in_capitals(acm: Scene) -> None:
    """Its first spelling stays."""
    more = ["DUP.example.com", "Www.example.com", "www.EXAMPLE.com"]
    arn = acm.issued("dup.example.com", SubjectAlternativeNames=more)
    assert acm.described(arn)["SubjectAlternativeNames"] == ["dup.example.com", "Www.example.com"]
    got = acm.wire.do("GetCertificate", CertificateArn=arn)["Certificate"]
    names = load_pem_x509_certificate(got.encode()).extensions.get_extension_for_class(SubjectAlternativeName)
    assert names.value.get_values_for_type(DNSName) == ["dup.example.com", "Www.example.com"]


def test_fifty_tags_are_the_most(acm: Scene) -> None:
    arn = acm.imported()
    acm.wire.do("AddTagsToCertificate", CertificateArn=arn, Tags=[{"Key": f"k{n}"} for n in range(50)])
    refused = acm.wire.refused("AddTagsToCertificate", CertificateArn=arn, Tags=[{"Key": "one more"}])
    assert refused[0] == "TooManyTagsException"
    acm.wire.do("AddTagsToCertificate", CertificateArn=arn, Tags=[{"Key": "k1", "Value": "new"}])
    acm.wire.do("RemoveTagsFromCertificate", CertificateArn=arn, Tags=[{"Key": "k1", "Value": "other"}])
    tags = acm.wire.do("ListTagsForCertificate", CertificateArn=arn)["Tags"]
    assert {"Key": "k1", "Value": "new"} in tags
    acm.wire.do("DeleteCertificate", CertificateArn=arn)
    again = acm.wire.refused("ListTagsForCertificate", CertificateArn=arn)
    assert again[0] == "ResourceNotFoundException"


def test_an_option_that_may_change_changes(acm: Scene) -> None:
    arn = acm.issued()
    options = {"CertificateTransparencyLoggingPreference": "DISABLED"}
    for _ in range(2):
        acm.wire.do("UpdateCertificateOptions", CertificateArn=arn, Options=options)
    assert acm.described(arn)["Options"] == {**options, "Export": "ENABLED"}
    assert len(acm.kept.entries("acm:UpdateCertificateOptions", arn)) == 1


def test_a_repeated_token_changes_no_configuration(acm: Scene) -> None:
    """Within an hour it is the same request, whatever it says."""
    for days, token in ((30, "a"), (20, "a"), (10, "b")):
        acm.wire.do(
            "PutAccountConfiguration", ExpiryEvents={"DaysBeforeExpiry": days}, IdempotencyToken=token
        )
        expected = 30 if token == "a" else 10
        found = acm.wire.do("GetAccountConfiguration")
        assert found == {"ExpiryEvents": {"DaysBeforeExpiry": expected}}


def test_a_private_certificate_has_no_domains_to_validate(acm: Scene) -> None:
    found = acm.wire.do("ListCertificateDomainValidations", CertificateArn=acm.issued())
    assert found == {"DomainValidationSummaryList": []}


def test_a_renewal_that_failed_says_why(acm: Scene) -> None:
    """RenewalSummary as AWS keeps it, and SearchCertificates finds it."""
    arn = acm.exported()
    acm.kept.withdraw(acm.authority)
    acm.wire.do("RenewCertificate", CertificateArn=arn)
    acm.kept.run("managed.renew")
    summary = acm.described(arn)["RenewalSummary"]
    assert (summary["RenewalStatus"], summary["RenewalStatusReason"], summary["DomainValidationOptions"]) == (
        "PENDING_AUTO_RENEWAL",
        "PCA_ACCESS_DENIED",
        [],
    )
    statement = {"Filter": {"AcmCertificateMetadataFilter": {"RenewalStatus": "PENDING_AUTO_RENEWAL"}}}
    [found] = acm.wire.do("SearchCertificates", FilterStatement=statement)["Results"]
    assert found["CertificateArn"] == arn
