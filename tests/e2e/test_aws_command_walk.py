"""AWS's own command line walks through a private CA: root, subordinate, server certificate.

The steps and the files are those of the guide that many teams follow (create, CSR, issue, get,
import, then a subordinate and an end-entity certificate); the environment says where and with which key.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from tests.e2e import openssl
from tests.e2e.aws import RSA_CONFIGURATION, SUBORDINATE_CONFIGURATION, TEMPLATE, Aws
from tests.service import Service

TAGS = ("Key=Name,Value=MyRootCA", "Key=Environment,Value=Production")


@dataclass(frozen=True)
class Walk:
    """What the guide has made when it ends, with its files in `aws.folder`."""

    aws: Aws
    root: str
    subordinate: str
    server_certificate: str

    def file(self, name: str) -> Path:
        return self.aws.folder / name


@pytest.fixture(scope="module")
def walk(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    aws = Aws(service, tmp_path_factory.mktemp("guide"))
    (aws.folder / "ca-config.json").write_text(json.dumps(RSA_CONFIGURATION))
    (aws.folder / "subordinate-ca-config.json").write_text(json.dumps(SUBORDINATE_CONFIGURATION))
    root = _root(aws)
    subordinate = _subordinate(aws, root)
    return Walk(aws, root, subordinate, _server_certificate(aws, subordinate))


def _create(aws: Aws, configuration: str, kind: str, token: str, *tags: str) -> str:
    words = ["--certificate-authority-configuration", f"file://{configuration}"]
    words += ["--certificate-authority-type", kind, "--idempotency-token", token, "--tags", *tags]
    return str(aws.json("create-certificate-authority", *words)["CertificateAuthorityArn"])


def _csr(aws: Aws, arn: str, file: str) -> None:
    words = ["get-certificate-authority-csr", "--certificate-authority-arn", arn, "--output", "text"]
    (aws.folder / file).write_text(aws.text("acm-pca", *words))


def _issue(aws: Aws, arn: str, csr: str, template: str, days: int) -> str:
    words = ["--certificate-authority-arn", arn, "--csr", f"fileb://{csr}"]
    words += ["--signing-algorithm", "SHA256WITHRSA", "--template-arn", f"{TEMPLATE}{template}/V1"]
    validity = ["--validity", f"Value={days},Type=DAYS"]
    return str(aws.json("issue-certificate", *words, *validity)["CertificateArn"])


def _get(aws: Aws, arn: str, certificate: str, query: str, file: str) -> None:
    words = ["--certificate-authority-arn", arn, "--certificate-arn", certificate]
    aws.text("acm-pca", "wait", "certificate-issued", *words)
    chosen = ["--query", query] if query else []
    answer = aws.text("acm-pca", "get-certificate", *words, *chosen, "--output", "text")
    (aws.folder / file).write_text(answer)


def _root(aws: Aws) -> str:
    root = _create(aws, "ca-config.json", "ROOT", "unique-token-123", *TAGS)
    aws.text("acm-pca", "wait", "certificate-authority-csr-created", "--certificate-authority-arn", root)
    _csr(aws, root, "ca.csr")
    certificate = _issue(aws, root, "ca.csr", "RootCACertificate", 3650)
    _get(aws, root, certificate, "", "ca-cert.pem")  # as in the guide: a root's answer is its PEM alone
    words = ["--certificate-authority-arn", root, "--certificate", "fileb://ca-cert.pem"]
    assert aws.json("import-certificate-authority-certificate", *words) is None
    return root


def _subordinate(aws: Aws, root: str) -> str:
    tags = ("Key=Name,Value=MySubordinateCA", "Key=Environment,Value=Production")
    arn = _create(aws, "subordinate-ca-config.json", "SUBORDINATE", "subordinate-token-456", *tags)
    _csr(aws, arn, "sub.csr")
    certificate = _issue(aws, root, "sub.csr", "SubordinateCACertificate_PathLen0", 1825)
    _get(aws, root, certificate, "Certificate", "sub-cert.pem")
    _get(aws, root, certificate, "CertificateChain", "sub-chain.pem")
    words = ["--certificate-authority-arn", arn, "--certificate", "fileb://sub-cert.pem"]
    chain = ["--certificate-chain", "fileb://sub-chain.pem"]
    assert aws.json("import-certificate-authority-certificate", *words, *chain) is None
    return arn


def _server_certificate(aws: Aws, subordinate: str) -> str:
    key = openssl.new_key(aws.folder / "server.key", "RSA-2048")
    openssl.new_csr(aws.folder / "server.csr", key, "/CN=www.example.com", ["DNS:www.example.com"])
    arn = _issue(aws, subordinate, "server.csr", "EndEntityCertificate", 365)
    _get(aws, subordinate, arn, "Certificate", "server-cert.pem")
    _get(aws, subordinate, arn, "CertificateChain", "server-chain.pem")
    return arn


def _described(walk: Walk, arn: str) -> dict[str, object]:
    answer = walk.aws.json("describe-certificate-authority", "--certificate-authority-arn", arn)
    found: dict[str, object] = answer["CertificateAuthority"]
    return found


def test_the_walk_ends_with_a_certificate_that_openssl_verifies(walk: Walk) -> None:
    """For the name in it, trusting the root alone; the chain runs from the issuer to the root."""
    root, chain, server = (walk.file(n) for n in ("ca-cert.pem", "server-chain.pem", "server-cert.pem"))
    openssl.verify(server, root, chain, "-verify_hostname", "www.example.com", "-purpose", "sslserver")
    openssl.verify(walk.file("sub-cert.pem"), root)
    assert "hostname mismatch" in openssl.refusal(server, root, chain, "-verify_hostname", "www.example.org")
    subordinate = walk.file("sub-cert.pem").read_text().strip()
    assert chain.read_text().strip() == f"{subordinate}\n{root.read_text().strip()}"


def test_the_certificates_say_what_the_guide_asked_for(walk: Walk) -> None:
    """Ten years, five and one; RSA with SHA-256; the path length of the template."""
    days = {"ca-cert.pem": 3650, "sub-cert.pem": 1825, "server-cert.pem": 365}
    for name, expected in days.items():
        certificate = x509.load_pem_x509_certificate(walk.file(name).read_bytes())
        assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == expected
        assert certificate.signature_hash_algorithm is not None
        assert certificate.signature_hash_algorithm.name == "sha256"
    told = openssl.text(walk.file("sub-cert.pem"))
    assert "Subject: C = US, O = MyCompany, OU = IT Department, CN = MyCompany Subordinate CA" in told
    assert "CA:TRUE, pathlen:0" in told
    server = openssl.text(walk.file("server-cert.pem"))
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in server
    assert "DNS:www.example.com" in server


def test_the_authorities_are_described_and_listed(walk: Walk) -> None:
    """Both ACTIVE, with the configuration that they were created with."""
    root, subordinate = _described(walk, walk.root), _described(walk, walk.subordinate)
    assert (root["Type"], root["Status"]) == ("ROOT", "ACTIVE")
    assert (subordinate["Type"], subordinate["Status"]) == ("SUBORDINATE", "ACTIVE")
    assert root["CertificateAuthorityConfiguration"] == RSA_CONFIGURATION
    listed = walk.aws.json("list-certificate-authorities", "--page-size", "1")["CertificateAuthorities"]
    assert {walk.root, walk.subordinate} <= {authority["Arn"] for authority in listed}


def test_a_repeated_creation_is_the_same_authority(walk: Walk) -> None:
    """The guide's idempotency token, typed twice; with another configuration it is refused."""
    again = _create(walk.aws, "ca-config.json", "ROOT", "unique-token-123", *TAGS)
    assert again == walk.root
    words = ["--certificate-authority-configuration", "file://subordinate-ca-config.json"]
    words += ["--certificate-authority-type", "ROOT", "--idempotency-token", "unique-token-123"]
    assert walk.aws.refused("create-certificate-authority", *words).code == "InvalidArgsException"


def test_tags_are_listed_added_and_removed(walk: Walk) -> None:
    """As created; then with one more; then without it."""
    this = ("--certificate-authority-arn", walk.root)
    created = [{"Key": "Environment", "Value": "Production"}, {"Key": "Name", "Value": "MyRootCA"}]
    assert walk.aws.json("list-tags", *this)["Tags"] == created
    walk.aws.json("tag-certificate-authority", *this, "--tags", "Key=Team,Value=Platform")
    tags = walk.aws.json("list-tags", *this)["Tags"]
    assert tags == [*created, {"Key": "Team", "Value": "Platform"}]
    walk.aws.json("untag-certificate-authority", *this, "--tags", "Key=Team")
    assert walk.aws.json("list-tags", *this)["Tags"] == created


def test_a_certificate_is_revoked_once(walk: Walk) -> None:
    """By its serial with colons, as openssl prints it; a second time is an error of its own."""
    certificate = x509.load_pem_x509_certificate(walk.file("server-cert.pem").read_bytes())
    serial = certificate.serial_number.to_bytes(16, "big").hex(":")
    words = ["--certificate-authority-arn", walk.subordinate, "--certificate-serial", serial]
    words += ["--revocation-reason", "KEY_COMPROMISE"]
    assert walk.aws.json("revoke-certificate", *words) is None
    assert walk.aws.refused("revoke-certificate", *words).code == "RequestAlreadyProcessedException"


def test_a_disabled_authority_does_not_issue_and_can_be_deleted_and_restored(walk: Walk) -> None:
    """ACTIVE → DISABLED → DELETED → DISABLED → ACTIVE, with AWS's words on the way."""
    aws, this = walk.aws, ("--certificate-authority-arn", walk.subordinate)
    refused = aws.refused("delete-certificate-authority", *this)
    assert refused.message == "The certificate authority is not in a valid state for deletion."
    aws.json("update-certificate-authority", *this, "--status", "DISABLED")
    request = [*this, "--csr", "fileb://server.csr", "--signing-algorithm", "SHA256WITHRSA"]
    refused = aws.refused("issue-certificate", *request, "--validity", "Value=1,Type=DAYS")
    assert refused.code == "InvalidStateException"
    assert refused.message == ("The certificate authority is not in a valid state for issuing certificates")
    aws.json("delete-certificate-authority", *this, "--permanent-deletion-time-in-days", "7")
    deleted = _described(walk, walk.subordinate)
    assert deleted["Status"] == "DELETED"
    assert "RestorableUntil" in deleted
    aws.json("restore-certificate-authority", *this)
    assert _described(walk, walk.subordinate)["Status"] == "DISABLED"
    aws.json("update-certificate-authority", *this, "--status", "ACTIVE")
    assert _described(walk, walk.subordinate)["Status"] == "ACTIVE"


def test_errors_are_shown_with_their_names(walk: Walk) -> None:
    """What is not there, what is no ARN, what is no CSR, what is no parameter."""
    aws, nowhere = walk.aws, walk.root[:-12] + "000000000000"
    missing = aws.refused("describe-certificate-authority", "--certificate-authority-arn", nowhere)
    assert (missing.code, missing.operation) == ("ResourceNotFoundException", "DescribeCertificateAuthority")
    assert nowhere in missing.message
    refused = aws.refused("describe-certificate-authority", "--certificate-authority-arn", f"{nowhere}/x")
    assert refused.code == "InvalidArnException"
    words = ["--certificate-authority-arn", walk.root, "--csr", "fileb://ca-config.json"]
    words += ["--signing-algorithm", "SHA256WITHRSA", "--validity", "Value=1,Type=DAYS"]
    assert aws.refused("issue-certificate", *words).code == "MalformedCSRException"
    assert (
        aws.refused("list-certificate-authorities", "--next-token", "x").code == "InvalidNextTokenException"
    )


def test_who_asks_is_answered_and_a_wrong_key_is_not_believed(walk: Walk, service: Service) -> None:
    """Sts get-caller-identity with the key, with another secret, and with an unknown key."""
    told = json.loads(walk.aws.text("sts", "get-caller-identity"))
    assert told["Account"] == walk.root.split(":")[4]
    wrong = Aws(service, walk.aws.folder, AWS_SECRET_ACCESS_KEY="x" * 40)
    assert wrong.refused("list-certificate-authorities").code == "InvalidSignatureException"
    unknown = Aws(service, walk.aws.folder, AWS_ACCESS_KEY_ID="AKIA0000000000000000")
    assert unknown.refused("list-certificate-authorities").code == "UnrecognizedClientException"


@pytest.mark.parametrize(
    "words",
    [
        ("s3", "ls"),
        ("s3api", "get-object", "--bucket", "b", "--key", "k", "f"),
        ("ec2", "describe-instances"),
        ("iam", "list-users"),
        ("secretsmanager", "list-secrets"),
        ("dynamodb", "list-tables"),
        ("glacier", "list-vaults", "--account-id", "-"),
    ],
    ids=" ".join,
)
def test_a_call_to_another_service_says_how_to_get_back(walk: Walk, words: tuple[str, ...]) -> None:
    """AWS_ENDPOINT_URL redirects every service: people must see that, and the way out."""
    message = walk.aws.refused_by(*words).message
    assert "privyseal env --unset" in message
    assert "AWS_ENDPOINT_URL_ACM_PCA" in message
