"""CRLs as `x509/crl.py` makes them, read by other software."""

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import algorithms, crl, keys, pem
from privyseal.x509.algorithms import KEY_ALGORITHMS, SIGNING_ALGORITHMS, PrivateKey
from privyseal.x509.revoked import revoked_entry
from privyseal.x509.subject import name_from_asn1_subject
from tests.programs import program
from tests.x509 import judges

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ISSUER = name_from_asn1_subject({"CommonName": "An issuing CA", "Organization": "Example"})
KEY = algorithms.generate_key("EC_prime256v1")
REASONS = {
    1: x509.ReasonFlags.key_compromise,
    4: x509.ReasonFlags.superseded,
    6: x509.ReasonFlags.certificate_hold,
    9: x509.ReasonFlags.privilege_withdrawn,
    10: x509.ReasonFlags.aa_compromise,
}


def terms(**changes: Any) -> crl.CrlTerms:
    members: dict[str, Any] = {
        "number": 7,
        "this_update": NOW,
        "next_update": NOW + timedelta(days=7),
    } | changes
    return crl.CrlTerms(ISSUER, keys.key_identifier(_spki(KEY)), **members)


def made(
    given_terms: crl.CrlTerms,
    chunks: Sequence[bytes] = (),
    key: PrivateKey = KEY,
    algorithm: str = "SHA256WITHECDSA",
) -> bytes:
    size = sum(map(len, chunks))
    head, tail = crl.sign(given_terms, key, algorithms.signing_algorithm(algorithm), chunks, size)
    return b"".join((head, *chunks, tail))


def _spki(key: PrivateKey) -> bytes:
    return keys.public_key_der(key.public_key())


def listed(number: int) -> list[bytes]:
    return [revoked_entry(serial, NOW, 4) for serial in range(1, number + 1)]


@pytest.mark.parametrize("name", SIGNING_ALGORITHMS)
def test_every_signing_algorithm_makes_lists_that_cryptography_verifies(name: str) -> None:
    """The hash or representative that is signed is the one of the bytes of the list."""
    algorithm = SIGNING_ALGORITHMS[name]
    for key_algorithm in KEY_ALGORITHMS.values():
        if key_algorithm.family != algorithm.family or key_algorithm.name in {"RSA_3072", "RSA_4096"}:
            continue
        if algorithm.key_algorithm not in {None, key_algorithm.name}:
            continue
        key = key_algorithm.generate()
        found = x509.load_der_x509_crl(made(terms(), listed(3), key, name))
        assert found.is_signature_valid(key.public_key())
        assert len(found) == 3


@pytest.mark.parametrize("name", [name for name in SIGNING_ALGORITHMS if not name.startswith("ML")])
def test_every_signing_algorithm_but_ml_dsa_makes_lists_that_openssl_verifies(
    name: str, tmp_path: Path
) -> None:
    """What openssl 3.0 knows; the pure Python implementation of FIPS 204 judges that one."""
    key = algorithms.generate_key("RSA_2048" if "RSA" in name else "EC_prime256v1")
    certificate = judges_ca(key)
    ca = tmp_path / "ca.pem"
    ca.write_text(pem.to_pem(certificate) + "\n")
    done = subprocess.run(
        [program("openssl"), "crl", "-inform", "DER", "-noout", "-CAfile", str(ca)],
        input=made(terms(), listed(5), key, name),
        capture_output=True,
        check=False,
    )
    assert b"verify OK" in done.stderr, done.stderr


def judges_ca(key: PrivateKey) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string(ISSUER.text))
        .issuer_name(x509.Name.from_rfc4514_string(ISSUER.text))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(True, None), critical=True)
    )
    return builder.sign(key, algorithms.hash_for(_key_name(key))).public_bytes(judges.DER)


def _key_name(key: PrivateKey) -> str:
    return keys.read_public_key(_spki(key))[0]


@pytest.mark.parametrize("name", ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"])
def test_a_second_implementation_of_ml_dsa_accepts_the_signature(name: str) -> None:
    """External µ is no other signature: a verifier is given the bytes themselves."""
    key = algorithms.generate_key(name)
    found = x509.load_der_x509_crl(made(terms(), listed(2), key, name))
    judge = judges.ML_DSA[name]
    bits = keys.key_bits(_spki(key))
    assert judge.verify(bits, found.tbs_certlist_bytes, found.signature)


def test_a_complete_list_says_who_when_and_which() -> None:
    """Issuer, times, number and authority key identifier, and no issuing distribution point."""
    found = x509.load_der_x509_crl(made(terms(), listed(1)))
    assert found.issuer.rfc4514_string() == ISSUER.text
    assert (found.last_update_utc, found.next_update_utc) == (NOW, NOW + timedelta(days=7))
    identifier, number = found.extensions
    assert identifier.value == x509.AuthorityKeyIdentifier(keys.key_identifier(_spki(KEY)), None, None)
    assert number.value == x509.CRLNumber(7)
    assert not identifier.critical
    assert not number.critical


def test_an_empty_list_has_no_revoked_certificates() -> None:
    """RFC 5280 §5.1.2.6 wants the member absent, not empty."""
    der = made(terms())
    assert len(x509.load_der_x509_crl(der)) == 0
    assert not judges.pkilint_crl_findings(der)


def test_a_partition_is_critical_and_names_its_own_place() -> None:
    """The issuing distribution point (§5.2.5) is what openssl compares with the certificate's."""
    url = "http://crl.example.com/crl/one.crl"
    found = x509.load_der_x509_crl(made(terms(distribution_points=(url,)), listed(1)))
    point = found.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert point.critical
    assert point.value.full_name == [x509.UniformResourceIdentifier(url)]
    assert not point.value.only_contains_user_certs


def test_a_delta_names_its_base_and_a_complete_list_its_delta() -> None:
    """§5.2.4: the indicator is critical; §5.2.6: the pointer is not."""
    delta = x509.load_der_x509_crl(made(terms(base=5), listed(1)))
    indicator = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert indicator.critical
    assert indicator.value.crl_number == 5
    url = "http://crl.example.com/crl/one.delta.crl"
    complete = x509.load_der_x509_crl(made(terms(freshest=url), listed(1)))
    freshest = complete.extensions.get_extension_for_class(x509.FreshestCRL)
    assert not freshest.critical
    (point,) = freshest.value
    assert point.full_name == [x509.UniformResourceIdentifier(url)]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"distribution_points": ("http://crl.example.com/crl/one.crl",)},
        {"base": 3, "distribution_points": ("http://crl.example.com/crl/one.crl",)},
        {"freshest": "http://crl.example.com/crl/one.delta.crl"},
    ],
)
def test_pkilint_finds_nothing_in_any_kind_of_list(changes: dict[str, Any]) -> None:
    """Complete, partitioned, delta, and complete with deltas."""
    entries = [revoked_entry(number + 1, NOW, reason) for number, reason in enumerate((0, 1, 4, 9, 10))]
    assert not judges.pkilint_crl_findings(made(terms(**changes), entries))


def test_entries_that_are_not_of_the_promised_size_are_not_signed() -> None:
    """The lengths before them would be wrong."""
    algorithm = algorithms.signing_algorithm("SHA256WITHECDSA")
    with pytest.raises(ValueError, match="octets"):
        crl.sign(terms(), KEY, algorithm, listed(2), 1)


def test_a_key_of_another_family_is_refused() -> None:
    """Also an ML-DSA key of another size."""
    other = algorithms.generate_key("ML_DSA_44")
    for key, name in ((KEY, "SHA256WITHRSA"), (other, "ML_DSA_65"), (other, "SHA256WITHECDSA")):
        with pytest.raises(PrivySealError) as refusal:
            made(terms(), (), key, name)
        assert refusal.value.code is ErrorCode.INVALID_ARGUMENT


TIMES = st.datetimes(datetime(1951, 1, 1), datetime(2120, 1, 1), timezones=st.just(UTC))
ENTRIES = st.dictionaries(
    st.integers(1, (1 << 159) - 1), st.tuples(TIMES, st.sampled_from([0, *REASONS])), max_size=40
)


@settings(max_examples=150, deadline=None)
@given(ENTRIES, TIMES, st.integers(1, (1 << 64) - 1), st.integers(1, 7))
def test_what_goes_in_is_what_is_read(
    entries: dict[int, tuple[datetime, int]], at: datetime, number: int, per_chunk: int
) -> None:
    """Any serials, times before and after 2050, any number of entries in any chunks."""
    at = at.replace(microsecond=0)
    encoded = [revoked_entry(serial, when, reason) for serial, (when, reason) in entries.items()]
    chunks = [b"".join(encoded[i : i + per_chunk]) for i in range(0, len(encoded), per_chunk)]
    der = made(terms(number=number, this_update=at, next_update=at + timedelta(days=9)), chunks)
    found = x509.load_der_x509_crl(der)
    assert found.is_signature_valid(KEY.public_key())
    assert found.last_update_utc == at
    read = {}
    for each in found:
        flags = [e.value.reason for e in each.extensions if isinstance(e.value, x509.CRLReason)]
        read[each.serial_number] = (each.revocation_date_utc, flags)
    assert read == {
        serial: (when.replace(microsecond=0), [REASONS[reason]] if reason else [])
        for serial, (when, reason) in entries.items()
    }
