"""ImportCertificate: what AWS takes is taken, and each thing that it refuses is refused with its reason."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from privyseal.stores.sql import sql
from tests.acm.pairs import Wanted, authority, chained, key_of, make
from tests.acm.scene import OTHER, Scene
from tests.programs import program

NOT_SELF_SIGNED = (
    "Provided certificate is not a valid self signed. Please provide either a valid self-signed "
    "certificate or certificate chain."
)
NOBODY = "arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"


@pytest.mark.parametrize("kind", ["RSA_1024", "RSA_2048", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"])
def test_a_self_signed_certificate_is_imported(acm: Scene, kind: str) -> None:
    """DescribeCertificate and GetCertificate show what it says."""
    pair = acm.pair(kind=kind)
    arn = acm.imported(pair, Tags=[{"Key": "stage", "Value": "test"}])
    found = acm.described(arn)
    assert (found["Type"], found["Status"], found["KeyAlgorithm"]) == (
        "IMPORTED",
        "ISSUED",
        kind.replace("_", "-"),
    )
    assert found["DomainName"] == "import.example.com"
    assert found["SubjectAlternativeNames"] == ["import.example.com", "www.import.example.com"]
    assert (found["RenewalEligibility"], found["CertificateKeyPairOrigin"]) == (
        "INELIGIBLE",
        "CUSTOMER_PROVIDED",
    )
    assert int(found["Serial"].replace(":", ""), 16) == pair.certificate.serial_number
    assert found["NotAfter"] == pair.certificate.not_valid_after_utc.timestamp()
    assert found["KeyUsages"] == [{"Name": "DIGITAL_SIGNATURE"}]
    assert found["ExtendedKeyUsages"] == [
        {"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"},
        {"Name": "TLS_WEB_CLIENT_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.2"},
    ]
    assert "IssuedAt" not in found
    got = acm.wire.do("GetCertificate", CertificateArn=arn)
    assert got == {"Certificate": pair.pem.decode()}
    tags = acm.wire.do("ListTagsForCertificate", CertificateArn=arn)
    assert tags == {"Tags": [{"Key": "stage", "Value": "test"}]}


def test_a_chain_is_kept_in_its_order(acm: Scene) -> None:
    pair = chained(acm.now)
    arn = acm.imported(pair)
    assert acm.described(arn)["Issuer"] == "Elsewhere 91"
    got = acm.wire.do("GetCertificate", CertificateArn=arn)
    assert got["CertificateChain"] == pair.chain.decode()


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("RSA_2048", PrivateFormat.PKCS8),
        ("RSA_2048", PrivateFormat.TraditionalOpenSSL),
        ("EC_prime256v1", PrivateFormat.TraditionalOpenSSL),
    ],
)
def test_every_form_of_a_key_is_read(acm: Scene, kind: str, form: PrivateFormat) -> None:
    pair = acm.pair(kind=kind)
    acm.wire.do("ImportCertificate", Certificate=pair.pem, PrivateKey=pair.key_as(form))


def test_what_openssl_makes_is_imported(acm: Scene, tmp_path: Path) -> None:
    """The words that people find everywhere."""
    made = "req -x509 -newkey rsa:2048 -nodes -days 365000 -keyout key.pem -out cert.pem"
    words = [program("openssl"), *made.split(), "-subj", "/C=DE/O=Example/CN=web.internal"]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    begins = x509.load_pem_x509_certificate((tmp_path / "cert.pem").read_bytes()).not_valid_before_utc
    acm.kept.clock.advance(begins - acm.kept.clock.now())
    arn = acm.wire.do(
        "ImportCertificate",
        Certificate=(tmp_path / "cert.pem").read_bytes(),
        PrivateKey=(tmp_path / "key.pem").read_bytes(),
    )["CertificateArn"]
    found = acm.described(arn)
    assert found["Subject"] == "CN=web.internal,O=Example,C=DE"
    assert found["KeyUsages"] == [{"Name": "ANY"}]
    assert found["ExtendedKeyUsages"] == [{"Name": "NONE"}]


def test_the_key_file_of_openssl_ecparam_is_imported(acm: Scene, tmp_path: Path) -> None:
    """It has the curve before the key."""
    key = tmp_path / "key.pem"
    for made in (
        "ecparam -name prime256v1 -genkey -out key.pem",
        "req -x509 -new -key key.pem -days 365000 -subj /CN=web.internal -out cert.pem",
    ):
        subprocess.run([program("openssl"), *made.split()], cwd=tmp_path, check=True, capture_output=True)
    assert key.read_bytes().startswith(b"-----BEGIN EC PARAMETERS-----")
    certificate = (tmp_path / "cert.pem").read_bytes()
    begins = x509.load_pem_x509_certificate(certificate).not_valid_before_utc
    acm.kept.clock.advance(begins - acm.kept.clock.now())
    acm.wire.do("ImportCertificate", Certificate=certificate, PrivateKey=key.read_bytes())


def _with_parameters(acm: Scene, form: PrivateFormat, end: bytes = b"\n", times: int = 1) -> dict[str, Any]:
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----"
    return acm.pair().members | {"PrivateKey": (parameters + end) * times + acm.pair().key_as(form)}


def _under(acm: Scene, **changes: Any) -> dict[str, Any]:
    """Of an issuer below a root, of which something is wrong."""
    said: dict[str, Any] = {"ca": True, "usages": frozenset({"key_cert_sign"}), "number": 91} | changes
    return make(
        Wanted(acm.now, issuer=make(Wanted(acm.now, "Middle", issuer=authority(acm.now), **said)))
    ).members


Broken = Callable[[Scene], dict[str, Any]]

REFUSED: dict[str, tuple[Broken, str]] = {
    "no chain": (lambda s: chained(s.now).members | {"CertificateChain": None}, NOT_SELF_SIGNED),
    "a chain in the wrong order": (
        lambda s: (
            chained(s.now).members
            | {"CertificateChain": b"".join(each.pem for each in reversed(chained(s.now).above))}
        ),
        "Could not validate the certificate with the certificate chain",
    ),
    "a chain of others": (
        lambda s: chained(s.now).members | {"CertificateChain": authority(s.now, number=7).pem},
        "Could not validate the certificate with the certificate chain",
    ),
    "a chain that is none": (
        lambda s: chained(s.now).members | {"CertificateChain": b"no PEM at all"},
        "The certificate chain cannot be imported: there is no line",
    ),
    "an issuer that is no authority": (
        lambda s: _under(s, ca=False),
        "Could not validate the certificate with the certificate chain: that of CN=Middle is not a CA",
    ),
    "an issuer that may not sign certificates": (
        lambda s: _under(s, usages=frozenset({"crl_sign"})),
        "that of CN=Middle is not a CA certificate",
    ),
    "an issuer that has expired": (
        lambda s: _under(s, days=(-9, -1)),
        "that of CN=Middle is not valid now",
    ),
    "an issuer of the future": (lambda s: _under(s, days=(1, 9)), "that of CN=Middle is not valid now"),
    "parameters before a key that has none": (
        lambda s: _with_parameters(s, PrivateFormat.PKCS8),
        "a BEGIN line is not exactly",
    ),
    "parameters twice": (
        lambda s: _with_parameters(s, PrivateFormat.TraditionalOpenSSL, times=2),
        "a BEGIN line is not exactly",
    ),
    "a key on the last line of its parameters": (
        lambda s: _with_parameters(s, PrivateFormat.TraditionalOpenSSL, end=b""),
        "something follows -----END EC PARAMETERS-----",
    ),
    "an expired certificate": (lambda s: s.pair(days=(-9, -1)).members, "it is not valid now"),
    "a certificate of the future": (lambda s: s.pair(days=(1, 9)).members, "it is not valid now"),
    "an empty issuer": (lambda s: s.pair(empty_issuer=True).members, "its issuer is empty"),
    "another key": (
        lambda s: s.pair().members | {"PrivateKey": s.pair(number=1).key_pem},
        "it is not the key of the certificate",
    ),
    "a key of another family": (
        lambda s: s.pair().members | {"PrivateKey": s.pair(kind="RSA_2048").key_pem},
        "it is not the key of the certificate",
    ),
    "an encrypted key": (
        lambda s: (
            s.pair().members
            | {
                "PrivateKey": s.pair().key.private_bytes(
                    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
                )
            }
        ),
        "it is encrypted; decrypt it first",
    ),
    "a key that is too long": (
        lambda s: s.pair().members | {"PrivateKey": s.pair().key_pem + b"\n" * 5120},
        "at most 5120 are accepted",
    ),
    "a key that is no PEM": (lambda s: s.pair().members | {"PrivateKey": b"secret"}, "there is no line"),
    "a key with something wrong inside": (
        lambda s: (
            s.pair().members
            | {"PrivateKey": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}
        ),
        "it is not a valid key",
    ),
    "a certificate as its own key": (
        lambda s: s.pair().members | {"PrivateKey": s.pair().pem},
        "a BEGIN line is not exactly",
    ),
    "two certificates": (
        lambda s: s.pair().members | {"Certificate": s.pair().pem * 2},
        "exactly one certificate",
    ),
    "a certificate that is no PEM": (
        lambda s: s.pair().members | {"Certificate": b"no PEM at all"},
        "The certificate cannot be imported: there is no line",
    ),
    "Ed25519": (lambda s: s.pair(kind="Ed25519").members, "its key is Ed25519"),
    "a curve that nobody asked for": (
        lambda s: s.pair(kind="EC_secp256k1").members,
        "the public key is not RSA, EC on a named curve",
    ),
    "a key of another family than its issuer's": (
        lambda s: make(Wanted(s.now, kind="RSA_2048", issuer=authority(s.now))).members,
        "both must be of one family",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_aws_refuses_is_refused_and_leaves_nothing(acm: Scene, case: str) -> None:
    """A ValidationException that says why and quotes nothing of the key."""
    broken, why = REFUSED[case]
    commits = acm.kept.store.commits
    members = {name: value for name, value in broken(acm).items() if value is not None}
    error, message = acm.wire.refused("ImportCertificate", **members)
    assert error == "ValidationException"
    assert why in message
    assert (
        members["PrivateKey"].splitlines()[1:2] == []
        or members["PrivateKey"].splitlines()[1].decode() not in message
    )
    assert acm.kept.store.commits == commits


def test_a_reimport_keeps_the_arn_and_what_belongs_to_it(acm: Scene) -> None:
    """Tags, creation date; the time of the import, the serial number and the dates are new."""
    arn = acm.imported(Tags=[{"Key": "a"}])
    before = acm.described(arn)
    acm.kept.clock.advance(timedelta(seconds=5))
    pair = acm.pair(number=1, names=("other.example.com",), name="other.example.com")
    assert acm.imported(pair, CertificateArn=arn) == arn
    after = acm.described(arn)
    assert after["CreatedAt"] == before["CreatedAt"]
    assert after["ImportedAt"] == before["ImportedAt"] + 5
    assert after["Serial"] != before["Serial"]
    assert after["DomainName"] == "other.example.com"
    assert acm.wire.do("ListTagsForCertificate", CertificateArn=arn)["Tags"] == [{"Key": "a"}]
    actions = [each["action"] for each in acm.kept.entries("acm:ImportCertificate", arn)]
    assert actions == ["IMPORT", "REIMPORT"]


def test_a_reimport_revives_what_has_expired(acm: Scene) -> None:
    arn = acm.imported(acm.pair(days=(-1, 2)))
    acm.kept.wait(timedelta(seconds=3 * 86400))
    assert acm.described(arn)["Status"] == "EXPIRED"
    acm.imported(acm.pair(), CertificateArn=arn)
    assert acm.described(arn)["Status"] == "ISSUED"


REIMPORTS: dict[str, tuple[dict[str, Any], str]] = {
    "another kind of key": ({"kind": "EC_secp384r1"}, "a reimport cannot change it"),
    "a key usage less": ({"usages": frozenset({"key_agreement"})}, "DIGITAL_SIGNATURE"),
    "a purpose less": ({"purposes": (ExtendedKeyUsageOID.SERVER_AUTH,)}, "1.3.6.1.5.5.7.3.2"),
    "no purposes": ({"purposes": ()}, "take key usages or extended key usages away"),
}


@pytest.mark.parametrize("case", REIMPORTS)
def test_a_reimport_takes_nothing_away(acm: Scene, case: str) -> None:
    changes, why = REIMPORTS[case]
    arn = acm.imported()
    before = acm.described(arn)
    error, message = acm.wire.refused("ImportCertificate", CertificateArn=arn, **acm.pair(**changes).members)
    assert error == "ValidationException"
    assert why in message
    assert acm.described(arn) == before


def test_a_reimport_may_add_usages(acm: Scene) -> None:
    arn = acm.imported()
    more = acm.pair(usages=frozenset({"digital_signature", "key_agreement"}))
    acm.imported(more, CertificateArn=arn)
    assert acm.described(arn)["KeyUsages"] == [{"Name": "DIGITAL_SIGNATURE"}, {"Name": "KEY_AGREEMENT"}]


def test_a_reimport_takes_no_tags(acm: Scene) -> None:
    arn = acm.imported()
    error, message = acm.wire.refused(
        "ImportCertificate", CertificateArn=arn, Tags=[{"Key": "a"}], **acm.pair().members
    )
    assert (error, "AddTagsToCertificate" in message) == ("ValidationException", True)


def test_nothing_is_imported_over_a_private_certificate(acm: Scene) -> None:
    arn = acm.issued()
    error, _ = acm.wire.refused("ImportCertificate", CertificateArn=arn, **acm.pair().members)
    assert error == "ValidationException"


def test_nothing_is_imported_over_what_is_not_there(acm: Scene) -> None:
    """Nor over what is another account's."""
    assert acm.wire.refused("ImportCertificate", CertificateArn=NOBODY, **acm.pair().members)[0] == (
        "ResourceNotFoundException"
    )
    arn, wire = acm.imported(), acm.wire_of(OTHER)
    refused = wire.refused("ImportCertificate", CertificateArn=arn, **acm.pair().members)
    wire.close()
    assert refused[0] == "ResourceNotFoundException"


def test_the_key_is_nowhere_in_the_clear(acm: Scene) -> None:
    """Neither in the row nor in the journal."""
    acm.imported()
    rows = acm.kept.store.view(lambda tx: sql(tx).rows("SELECT * FROM managed_certificate"))
    stored = b"".join(value for row in rows for value in dict(row).values() if isinstance(value, bytes))
    numbers = key_of("EC_prime256v1").private_numbers().private_value.to_bytes(32)
    assert len(stored) > 500
    assert numbers not in stored


def test_an_import_is_never_exported(acm: Scene) -> None:
    error, message = acm.wire.refused(
        "ExportCertificate", CertificateArn=acm.imported(), Passphrase=b"long enough"
    )
    assert error == "ValidationException"
    assert "is not a private certificate" in message
