"""What the function answers: members, and refusals word for word."""

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from privyseal.ca.states import Status
from privyseal.serverless.tls_certificate import Call
from tests.ca.world import CALLER
from tests.serverless.world import ADMIN, Function, certificate, coded, csr

REUSED = {"error": "Private key has already been used for a certificate"}


def pems(text: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(base64.b64decode(text))


def test_an_answer_has_the_members_that_clients_read(function: Function) -> None:
    answer = function.ask("server.example.com")
    found = certificate(answer)
    assert set(answer) == {
        "CertificateInfo", "Base64Certificate", "Subject", "Base64IssuingCaCertificate",
        "Base64RootCaCertificate", "Base64CaChain",
    }  # fmt: skip
    assert answer["CertificateInfo"] == {
        "CommonName": "server.example.com",
        "SerialNumber": str(found.serial_number),
        "Issued": f"{found.not_valid_before_utc:%Y-%m-%d %H:%M:%S}",
        "Expires": f"{found.not_valid_after_utc:%Y-%m-%d %H:%M:%S}",
    }
    issuing, root = pems(answer["Base64CaChain"])
    assert pems(answer["Base64IssuingCaCertificate"]) == [issuing]
    assert pems(answer["Base64RootCaCertificate"]) == [root]
    found.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)


def test_a_bundle_has_the_leaf_and_both_authorities(function: Function) -> None:
    answer = function.ask(cert_bundle=True)
    leaf, issuing, root = pems(answer["Base64Certificate"])
    assert [issuing, root] == pems(answer["Base64CaChain"])
    leaf.verify_directly_issued_by(issuing)


def test_the_chain_alone_needs_nothing_else_of_the_request(function: Function) -> None:
    answer = function(ca_chain_only=True, lifetime="x", common_name=5)
    assert set(answer) == {"Base64IssuingCaCertificate", "Base64RootCaCertificate", "Base64CaChain"}


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"lifetime": 0}, "0 is too short"),
    ({"lifetime": -5}, "-5 is too short"),
    ({"lifetime": -1e300}, "-1e+300 is too short"),
    ({"lifetime": None}, "lifetime must be a number of days"),
    ({"lifetime": "x"}, "lifetime must be a number of days"),
    ({"lifetime": [1]}, "lifetime must be a number of days"),
    ({"lifetime": float("inf")}, "lifetime must be a number of days"),
    ({"common_name": None}, "common_name is missing: the request must name the certificate's common name"),
    ({"common_name": ["a"]}, "common_name must be a text"),
    ({"common_name": "x" * 65}, "common_name has 65 characters, not 1 to 64"),
    ({"country": "GBR"}, "country has 3 characters, not 2 to 2"),
    ({"base64_csr_data": None}, "The request has no CSR: give base64_csr_data or csr_file"),
    ({"base64_csr_data": "!!!"}, "base64_csr_data is not base64"),
    ({"force_issue": "False"}, "force_issue must be true or false"),
    ({"cert_bundle": 1}, "cert_bundle must be true or false"),
    ({"extended_key_usages": ["1.x"]}, "Extended key usage '1.x' is not a valid object identifier"),
    ({"purposes": ["client_auth"] * 21}, "There are more than 20 purposes"),
    ({"extended_key_usages": ["1.2.3"] * 21}, "There are more than 20 extended key usages"),
    ({"sans": ["a.example.com"] * 151}, "There are more than 150 subject alternative names"),
    ({"extensions": [{}] * 21}, "There are more than 20 custom extensions"),
    ({"extensions": {}}, "Custom extensions must be a list of objects"),
    (
        {"email_address": "é@example.com"},
        "email_address cannot be in a certificate: a string holds octets that its type does not allow",
    ),
    ({"ca_chain_only": "true"}, "ca_chain_only must be true or false"),
    ({"csr_file": ["x"]}, "csr_file must be the name of a file"),
    ({"csr_file": "x.csr"}, "CSR file 'x.csr' not found in S3 bucket 'csr-bucket'"),
]


@pytest.mark.parametrize(("asked", "text"), REFUSALS, ids=lambda value: str(value)[:60])
def test_a_request_that_cannot_be_is_refused_in_words(
    function: Function, asked: dict[str, Any], text: str
) -> None:
    before = function.world.stored(function.issuing)
    assert function.ask(**asked) == {"error": text}
    assert function.world.stored(function.issuing) == before


@pytest.mark.parametrize(
    "content",
    [b"no PEM", b"", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"],
)
def test_what_is_no_csr_is_refused(function: Function, content: bytes) -> None:
    assert set(function.ask(base64_csr_data=coded(content))) == {"error"}


def test_base64_of_a_csr_may_have_line_breaks(function: Function) -> None:
    """As `base64` without options makes them."""
    assert "CertificateInfo" in function.ask(base64_csr_data=base64.encodebytes(csr()).decode())


def test_a_csr_that_is_no_base64_of_pem_is_refused(function: Function) -> None:
    """Bare PEM, and base64 of DER."""
    pem = csr()
    der = x509.load_pem_x509_csr(pem).public_bytes(Encoding.DER)
    for given in (pem.decode(), coded(der)):
        assert set(function.ask(base64_csr_data=given)) == {"error"}


def test_a_csr_with_a_broken_signature_is_refused(function: Function) -> None:
    pem = csr()
    der = bytearray(x509.load_pem_x509_csr(pem).public_bytes(Encoding.DER))
    der[-1] ^= 1
    broken = (
        b"-----BEGIN CERTIFICATE REQUEST-----\n"
        + base64.encodebytes(bytes(der))
        + b"-----END CERTIFICATE REQUEST-----\n"
    )
    assert "signature" in function.ask(base64_csr_data=coded(broken))["error"]


def test_a_key_that_is_too_weak_is_refused(function: Function) -> None:
    """RSA below 2048 bits, which serverless-ca takes."""
    answer = function.ask(base64_csr_data=coded(csr(key=rsa.generate_private_key(65537, 1024))))
    assert set(answer) == {"error"}
    assert "1024" in answer["error"]


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 2048), mldsa.MLDSA44PrivateKey.generate()])
def test_every_kind_of_key_gets_both_bits_of_key_usage(function: Function, key: Any) -> None:
    """serverless-ca's validator asks for digitalSignature and keyEncipherment, whatever the key."""
    found = certificate(function.ask(base64_csr_data=coded(csr(key=key))))
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment) == (True, True)
    assert found.public_key() == key.public_key()


def test_a_csr_without_a_common_name_is_refused_even_where_the_request_has_one(function: Function) -> None:
    nameless = csr("", (NameOID.ORGANIZATION_NAME, "Example"))
    assert function.ask(base64_csr_data=coded(nameless)) == {"error": "CSR must include a Common Name"}


def test_a_key_gets_one_certificate_whatever_its_name(function: Function) -> None:
    asked = coded(csr())
    assert "CertificateInfo" in function.ask("a.example.com", base64_csr_data=asked)
    assert function.ask("a.example.com", base64_csr_data=asked, lifetime=31) == REUSED
    assert function.ask("b.example.com", base64_csr_data=asked) == REUSED


def test_compatible_key_reuse_looks_at_one_common_name_only(function: Function) -> None:
    function.terms = replace(function.terms, key_reuse="compatible")
    asked = coded(csr())
    assert "CertificateInfo" in function.ask("a.example.com", base64_csr_data=asked)
    assert function.ask("a.example.com", base64_csr_data=asked, lifetime=31) == REUSED
    assert "CertificateInfo" in function.ask("b.example.com", base64_csr_data=asked)


def test_an_administrator_may_force_a_certificate_for_a_used_key_and_nobody_else(function: Function) -> None:
    asked = coded(csr())
    first = function.ask("a.example.com", base64_csr_data=asked)
    second = function.ask("a.example.com", base64_csr_data=asked, force_issue=True)
    assert first["CertificateInfo"]["SerialNumber"] != second["CertificateInfo"]["SerialNumber"]
    refused = function(Call(CALLER), common_name="a.example.com", base64_csr_data=asked, force_issue=True)
    assert refused["error"].startswith("force_issue is for administrators")


def test_a_call_that_comes_twice_has_one_certificate(function: Function) -> None:
    event = {"common_name": "a.example.com", "base64_csr_data": coded(csr())}
    assert function(ADMIN, **event) == function(ADMIN, **event)
    assert function.world.stored(function.issuing) == 1


def test_the_same_call_after_the_five_minutes_of_its_token_is_a_reused_key(function: Function) -> None:
    event = {"common_name": "a.example.com", "base64_csr_data": coded(csr())}
    function(ADMIN, **event)
    function.world.clock.advance(timedelta(minutes=5, seconds=1))
    assert function(ADMIN, **event) == REUSED


def test_a_csr_file_whose_key_has_a_certificate_of_that_name_is_issued_already(function: Function) -> None:
    function.folder.files["a.csr"] = csr("a.example.com")
    assert "CertificateInfo" in function(common_name="a.example.com", csr_file="a.csr")
    assert function(common_name="a.example.com", csr_file="a.csr", lifetime=31) == {
        "error": "Certificate already issued"
    }
    assert function(common_name="b.example.com", csr_file="a.csr") == REUSED


def test_a_csr_file_wins_over_the_csr_in_the_request(function: Function) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    function.folder.files["a.csr"] = csr("a.example.com", key=key)
    answer = function(common_name="a.example.com", csr_file="a.csr", base64_csr_data=coded(csr()))
    assert certificate(answer).public_key() == key.public_key()


def test_an_authority_that_is_not_there_is_not_found_under_its_slug(function: Function) -> None:
    function.terms = replace(function.terms, authority=function.issuing[:-12] + "0" * 12)
    assert function.ask() == {"error": "CA serverless-issuing-ca-dev not found"}


def test_an_authority_that_does_not_issue_now_is_a_refusal(function: Function) -> None:
    function.world.set_status(function.issuing, Status.DISABLED)
    assert "not in a valid state" in function.ask()["error"]


EXTENSIONS: list[tuple[Any, str]] = [
    ([{"value_b64": "AA=="}], "Custom extension is missing required field 'oid'"),
    (
        [{"oid": "1.2.3", "value_b64": "BQA="}, {"oid": "1.2.3", "value_b64": "BQA="}],
        "Custom extension OID 1.2.3 is specified more than once",
    ),
    (
        [{"oid": "2.5.29.17", "value_b64": "BQA="}],
        "Custom extension OID 2.5.29.17 is reserved and cannot be set by callers",
    ),
    (
        [{"oid": "1.2.9", "value_b64": "BQA="}],
        "Custom extension OID 1.2.9 is not in the configured allowlist",
    ),
    ([{"oid": "1.2.x", "value_b64": "BQA="}], "Custom extension OID 1.2.x is not a valid object identifier"),
    ([{"oid": "1.2.3"}], "Custom extension OID 1.2.3 is missing required field 'value_b64'"),
    ([{"oid": "1.2.3", "value_b64": "!"}], "Custom extension OID 1.2.3 has an invalid base64 value"),
    ([{"oid": "1.2.3", "value_b64": ""}], "Custom extension OID 1.2.3 has an invalid base64 value"),
    ([{"oid": "1.2.3", "value_b64": 5}], "Custom extension OID 1.2.3 has an invalid base64 value"),
    (
        [{"oid": "1.2.3", "value_b64": "aGVsbG8="}],
        "Custom extension OID 1.2.3 has a value that is not one DER value",
    ),
    (
        [{"oid": "1.2.3", "value_b64": "BQAFAA=="}],
        "Custom extension OID 1.2.3 has a value that is not one DER value",
    ),
    (
        [{"oid": "1.99.3", "value_b64": "BQA="}],
        "Custom extension OID 1.99.3 is not a valid object identifier",
    ),
    (
        [{"oid": "1.2.3", "value_b64": "BQA=", "critical": "false"}],
        "Custom extension OID 1.2.3 has a 'critical' that is not true or false",
    ),
    *[
        (
            [{"oid": oid, "value_b64": "BQA="}],
            f"Custom extension OID {oid} is reserved and cannot be set by callers",
        )
        for oid in (
            "2.5.29.14",
            "2.5.29.15",
            "2.5.29.19",
            "2.5.29.31",
            "2.5.29.32",
            "2.5.29.35",
            "2.5.29.37",
            "1.3.6.1.5.5.7.1.1",
        )
    ],
]


@pytest.mark.parametrize(("asked", "text"), EXTENSIONS, ids=lambda value: str(value)[:50])
def test_a_custom_extension_that_may_not_be_refuses_the_request(
    function: Function, asked: Any, text: str
) -> None:
    function.terms = replace(function.terms, extensions=frozenset({"1.2.3", "1.2.x", "1.99.3", "2.5.29.17"}))
    assert function.ask(extensions=asked) == {"error": text}
