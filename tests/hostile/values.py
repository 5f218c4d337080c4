"""Well-formed calls that ask for what does not exist, does not fit or is not allowed."""

import base64
from collections.abc import Mapping
from typing import Any

from tests.hostile.case import (
    INVALID_ARGS,
    INVALID_ARN,
    INVALID_REQUEST,
    INVALID_STATE,
    INVALID_TAG,
    INVALID_TOKEN,
    MALFORMED_CERTIFICATE,
    NO_SUCH_RESOURCE,
    VALIDATION,
    Case,
    Make,
    rows,
)
from tests.hostile.json_bodies import ARN as NOBODYS
from tests.hostile.wire import World

_UUID = "00000000-0000-0000-0000-000000000000"
_TEMPLATE = "arn:aws:acm-pca:::template/"


def issue(csr: bytes | None = None, **changes: Any) -> Make:
    """A good IssueCertificate with these members changed."""

    def make(world: World) -> bytes:
        body = {
            "CertificateAuthorityArn": world.issuer,
            "Csr": base64.b64encode(world.device_csr.encode() if csr is None else csr).decode(),
            "SigningAlgorithm": "SHA256WITHECDSA",
            "Validity": {"Type": "DAYS", "Value": 1},
        }
        return world.json("IssueCertificate", body | _filled(changes, world))

    return make


def _call(operation: str, **members: Any) -> Make:
    """`<ISSUER>`, `<ROOT>` and `<CERTIFICATE>` stand for the world's own ARNs."""
    return lambda world: world.json(operation, _filled(members, world))


def _filled(members: Mapping[str, Any], world: World) -> dict[str, Any]:
    def fill(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        known = (("<ISSUER>", world.issuer), ("<ROOT>", world.root), ("<CERTIFICATE>", world.certificate))
        for name, arn in known:
            value = value.replace(name, arn)
        return value

    return {name: fill(value) for name, value in members.items()}


def _describe(arn: str) -> Make:
    return _call("DescribeCertificateAuthority", CertificateAuthorityArn=arn)


def _valid(kind: str, value: int, **more: Any) -> Make:
    return issue(Validity={"Type": kind, "Value": value}, **more)


def _create(**changes: Any) -> Make:
    subject = changes.pop("Subject", {"CommonName": "Hostile"})
    configuration = {
        "KeyAlgorithm": changes.pop("KeyAlgorithm", "EC_prime256v1"),
        "SigningAlgorithm": changes.pop("SigningAlgorithm", "SHA256WITHECDSA"),
        "Subject": subject,
    }
    members = {
        "CertificateAuthorityType": "ROOT",
        "CertificateAuthorityConfiguration": configuration,
        **changes,
    }
    return _call("CreateCertificateAuthority", **members)


CASES: list[Case] = [
    *rows(
        "arn: of no authority",
        INVALID_ARN,
        ("another service", _describe("arn:aws:s3:us-east-1:000000000000:bucket/x"), VALIDATION),
        ("no id", _describe("arn:aws:acm-pca:us-east-1:000000000000:certificate-authority/"), VALIDATION),
        (
            "an id that is no UUID",
            _describe("arn:aws:acm-pca:us-east-1:000000000000:certificate-authority/x"),
        ),
        ("upper-case digits", _describe(NOBODYS.replace("0000-", "ABCD-", 1))),
        ("an account of 11 digits", _describe(NOBODYS.replace(":000000000000:", ":00000000000:"))),
        (
            "an account of other digits",
            _describe(NOBODYS.replace(":000000000000:", ":٠٠٠٠٠٠٠٠٠٠٠٠:")),
            VALIDATION,
        ),
        ("another partition", _describe(NOBODYS.replace("arn:aws:", "arn:aws-cn:"))),
        ("something after it", _describe("<ISSUER>/x")),
        ("a dot segment", _describe("<ISSUER>/../x")),
        ("a certificate's", _describe("<CERTIFICATE>")),
        ("a line end after it", _describe("<ISSUER>\n"), VALIDATION),
        ("a NUL in it", _describe("<ISSUER>\x00"), VALIDATION),
        ("SQL in it", _describe("<ISSUER>' OR '1'='1"), VALIDATION),
        ("a wildcard", _describe(NOBODYS.replace(_UUID, "*")), VALIDATION),
    ),
    *rows(
        "arn: of nobody here",
        NO_SUCH_RESOURCE,
        ("describe", _describe(NOBODYS)),
        ("in another account", _call("ListTags", CertificateAuthorityArn=NOBODYS.replace(":0000", ":1234"))),
        (
            "in another region",
            _call("ListTags", CertificateAuthorityArn=NOBODYS.replace("us-east-1", "us-west-2")),
        ),
        ("issue", issue(CertificateAuthorityArn=NOBODYS)),
        ("delete", _call("DeleteCertificateAuthority", CertificateAuthorityArn=NOBODYS)),
        ("restore", _call("RestoreCertificateAuthority", CertificateAuthorityArn=NOBODYS)),
        ("update", _call("UpdateCertificateAuthority", CertificateAuthorityArn=NOBODYS, Status="DISABLED")),
        ("its CSR", _call("GetCertificateAuthorityCsr", CertificateAuthorityArn=NOBODYS)),
        ("its certificate", _call("GetCertificateAuthorityCertificate", CertificateAuthorityArn=NOBODYS)),
        (
            "revoke",
            _call(
                "RevokeCertificate",
                CertificateAuthorityArn=NOBODYS,
                CertificateSerial="01:02",
                RevocationReason="SUPERSEDED",
            ),
        ),
        ("tag", _call("TagCertificateAuthority", CertificateAuthorityArn=NOBODYS, Tags=[{"Key": "a"}])),
    ),
    *rows(
        "certificate: not there",
        NO_SUCH_RESOURCE,
        (
            "an unknown serial",
            _call(
                "GetCertificate",
                CertificateAuthorityArn="<ISSUER>",
                CertificateArn="<ISSUER>/certificate/" + "0" * 32,
            ),
        ),
        (
            "another authority's",
            _call("GetCertificate", CertificateAuthorityArn="<ROOT>", CertificateArn="<CERTIFICATE>"),
        ),
        (
            "an authority's ARN",
            _call("GetCertificate", CertificateAuthorityArn="<ISSUER>", CertificateArn="<ISSUER>"),
            INVALID_ARN,
        ),
        (
            "a short serial",
            _call(
                "GetCertificate", CertificateAuthorityArn="<ISSUER>", CertificateArn="<ISSUER>/certificate/0"
            ),
            INVALID_ARN,
        ),
    ),
    *rows(
        "revoke: a serial that is none",
        INVALID_REQUEST,
        *(
            (
                repr(serial),
                _call(
                    "RevokeCertificate",
                    CertificateAuthorityArn="<ISSUER>",
                    CertificateSerial=serial,
                    RevocationReason="SUPERSEDED",
                ),
                refusal,
            )
            for serial, refusal in (
                ("x" * 32, INVALID_REQUEST),
                ("0" * 41, INVALID_REQUEST),
                ("::", INVALID_REQUEST),
                ("-1", INVALID_REQUEST),
                ("0" * 32, NO_SUCH_RESOURCE),
            )
        ),
        (
            "a reason that is none",
            _call(
                "RevokeCertificate",
                CertificateAuthorityArn="<ISSUER>",
                CertificateSerial="0" * 32,
                RevocationReason="BORED",
            ),
            VALIDATION,
        ),
    ),
    *rows(
        "template: not there",
        INVALID_ARGS,
        ("unknown", issue(TemplateArn=_TEMPLATE + "NoSuchCertificate/V1")),
        ("a version of tomorrow", issue(TemplateArn=_TEMPLATE + "EndEntityCertificate/V2")),
        ("in lower case", issue(TemplateArn=_TEMPLATE + "endentitycertificate/V1")),
        (
            "no ARN of a template",
            issue(TemplateArn="arn:aws:acm-pca:::x/EndEntityCertificate/V1"),
            INVALID_ARN,
        ),
        (
            "another partition",
            issue(TemplateArn="arn:aws-cn:acm-pca:::template/EndEntityCertificate/V1"),
            INVALID_ARN,
        ),
        ("a dot segment", issue(TemplateArn=_TEMPLATE + "../EndEntityCertificate/V1"), INVALID_ARN),
        (
            "a root's for a device",
            issue(CertificateAuthorityArn="<ROOT>", TemplateArn=_TEMPLATE + "RootCACertificate/V1"),
        ),
        (
            "a CA under an authority of path length 0",
            issue(TemplateArn=_TEMPLATE + "SubordinateCACertificate_PathLen0/V1"),
        ),
    ),
    *rows(
        "validity: no such time",
        INVALID_ARGS,
        ("the 31st of February", _valid("END_DATE", 20270231000000)),
        ("five digits", _valid("END_DATE", 12345)),
        ("fifteen digits", _valid("END_DATE", 202701010000000)),
        ("NotBefore in days", issue(ValidityNotBefore={"Type": "DAYS", "Value": 1})),
        ("NotBefore beyond the years", issue(ValidityNotBefore={"Type": "ABSOLUTE", "Value": 2**62})),
        ("an end beyond the years", _valid("ABSOLUTE", 2**62)),
        ("an end in the past", _valid("ABSOLUTE", 1), VALIDATION),
        (
            "an end before the start",
            _valid("DAYS", 1, ValidityNotBefore={"Type": "ABSOLUTE", "Value": 4 * 10**9}),
            VALIDATION,
        ),
        ("after the issuer", _valid("YEARS", 100), VALIDATION),
        ("10^9 days", _valid("DAYS", 10**9), VALIDATION),
        ("10^12 months", _valid("MONTHS", 10**12), VALIDATION),
        ("2^63 - 1 years", _valid("YEARS", 2**63 - 1), VALIDATION),
    ),
    *rows(
        "algorithm: of another key",
        INVALID_ARGS,
        ("RSA", issue(SigningAlgorithm="SHA256WITHRSA")),
        ("ML-DSA", issue(SigningAlgorithm="ML_DSA_65")),
        ("SM2", issue(SigningAlgorithm="SM3WITHSM2")),
        ("an authority with an algorithm of another key", _create(SigningAlgorithm="SHA256WITHRSA")),
        ("an SM2 authority", _create(KeyAlgorithm="SM2", SigningAlgorithm="SM3WITHSM2")),
    ),
    *rows(
        "authority: a subject that is none",
        INVALID_ARGS,
        ("empty", _create(Subject={})),
        ("a control character", _create(Subject={"CommonName": "a\x00b"})),
        ("a line end", _create(Subject={"CommonName": "a\nb"})),
        ("a right-to-left override", _create(Subject={"CommonName": "a\u202eb"})),
        (
            "an attribute type that is none",
            _create(Subject={"CustomAttributes": [{"ObjectIdentifier": "9.9.9", "Value": "x"}]}),
            VALIDATION,
        ),
        (
            "custom attributes beside others",
            _create(
                Subject={
                    "CommonName": "x",
                    "CustomAttributes": [{"ObjectIdentifier": "2.5.4.3", "Value": "x"}],
                }
            ),
        ),
    ),
    *rows(
        "authority: not in that state",
        INVALID_STATE,
        ("restored while active", _call("RestoreCertificateAuthority", CertificateAuthorityArn="<ISSUER>")),
        ("deleted while active", _call("DeleteCertificateAuthority", CertificateAuthorityArn="<ISSUER>")),
        (
            "set to CREATING",
            _call("UpdateCertificateAuthority", CertificateAuthorityArn="<ISSUER>", Status="CREATING"),
            INVALID_ARGS,
        ),
        (
            "set to nothing known",
            _call("UpdateCertificateAuthority", CertificateAuthorityArn="<ISSUER>", Status="ASLEEP"),
            VALIDATION,
        ),
        (
            "deleted in 6 days",
            _call(
                "DeleteCertificateAuthority",
                CertificateAuthorityArn="<ISSUER>",
                PermanentDeletionTimeInDays=6,
            ),
            VALIDATION,
        ),
        (
            "deleted in 31 days",
            _call(
                "DeleteCertificateAuthority",
                CertificateAuthorityArn="<ISSUER>",
                PermanentDeletionTimeInDays=31,
            ),
            VALIDATION,
        ),
    ),
    *rows(
        "authority: a certificate that is none",
        MALFORMED_CERTIFICATE,
        *(
            (
                name,
                _call(
                    "ImportCertificateAuthorityCertificate",
                    CertificateAuthorityArn="<ISSUER>",
                    Certificate=base64.b64encode(text).decode(),
                ),
            )
            for name, text in (
                ("one byte", b"x"),
                ("an empty block", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
                ("zeros", bytes(1000)),
                ("a key", b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"),
            )
        ),
    ),
    *rows(
        "tags: not allowed",
        INVALID_TAG,
        (
            "of AWS",
            _call(
                "TagCertificateAuthority",
                CertificateAuthorityArn="<ISSUER>",
                Tags=[{"Key": "aws:x", "Value": "y"}],
            ),
        ),
        (
            "a key twice",
            _call(
                "TagCertificateAuthority",
                CertificateAuthorityArn="<ISSUER>",
                Tags=[{"Key": "x"}, {"Key": "x"}],
            ),
        ),
        (
            "too many",
            _call(
                "TagCertificateAuthority",
                CertificateAuthorityArn="<ISSUER>",
                Tags=[{"Key": f"{n}"} for n in range(51)],
            ),
            VALIDATION,
        ),
        (
            "a key of 129",
            _call("TagCertificateAuthority", CertificateAuthorityArn="<ISSUER>", Tags=[{"Key": "k" * 129}]),
            VALIDATION,
        ),
    ),
    *rows(
        "page: a token that nobody gave",
        INVALID_TOKEN,
        *(
            (repr(token[:16]), _call("ListCertificateAuthorities", NextToken=token))
            for token in (
                "x",
                "AAAA",
                "!!!!",
                "W10",
                "WzFd",
                "eyJhIjoxfQ",
                "WyIyMDI2LTAxLTAxIiwieCJd",
                "A" * 40_000,
                "é",
            )
        ),
        ("for tags", _call("ListTags", CertificateAuthorityArn="<ISSUER>", NextToken="x"), VALIDATION),
        ("a page of 0", _call("ListCertificateAuthorities", MaxResults=0), VALIDATION),
        ("a page of 1,001", _call("ListCertificateAuthorities", MaxResults=1001), VALIDATION),
    ),
]
