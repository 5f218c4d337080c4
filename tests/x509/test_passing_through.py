"""Whatever CSR and call ask for, what a template passes through is a certificate that others read."""

from contextlib import suppress
from datetime import timedelta

from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import build, extensions, oids
from privyseal.x509.algorithms import signing_algorithm
from privyseal.x509.certificate import read_certificate
from privyseal.x509.csr import Csr, parse_der
from privyseal.x509.extensions import Extension
from privyseal.x509.lint import lint
from privyseal.x509.passthrough import NOTHING, Passthrough
from privyseal.x509.profiles import PROFILES, ROOT, Profile
from tests.x509 import forge, hierarchy

PASSING = sorted(
    name for name, row in PROFILES.items() if row.kind != ROOT and (row.takes_api or row.takes_csr)
)
# Extensions that RFC 5280 defines, those that only a template may say, and one that nobody knows.
OIDS = [f"2.5.29.{number}" for number in (9, 14, 15, 17, 18, 19, 30, 31, 32, 33, 35, 36, 37, 46, 54)]
OIDS += ["1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.11", "1.3.6.1.5.5.7.1.24", "1.3.6.1.4.1.99999.1"]
# Fragments that come close to what these extensions hold.
VALUES = [
    b"\x05\x00",
    b"\x30\x00",
    b"\x02\x01\x00",
    b"\x03\x02\x05\xa0",
    b"\x03\x03\x07\x80\x80",
    b"\x04\x02\x01\x02",
    forge.seq(b"\x01\x01\xff"),
    forge.seq(forge.tlv(0x80, b"\x01" * 20)),
    forge.seq(forge.oid("1.3.6.1.5.5.7.3.1")),
    forge.seq(forge.seq(forge.oid("1.2.3.4"))),
    forge.seq(forge.dns("a.example")),
    forge.seq(forge.tlv(0xA0, forge.seq(forge.dns("example")))),
    forge.seq(forge.tlv(0xA5, forge.tlv(0xA1, forge.tlv(0x0C, b"party")))),
    forge.seq(forge.seq(forge.oid("1.3.6.1.5.5.7.48.1"), forge.tlv(0x86, b"http://a.example/"))),
    forge.seq(forge.seq(forge.tlv(0xA0, forge.tlv(0xA0, forge.tlv(0x86, b"http://a.example/"))))),
]

_EXTENSION = st.builds(
    Extension, st.sampled_from(OIDS), st.booleans(), st.sampled_from(VALUES) | st.binary(max_size=12)
)
_ASKED = st.lists(_EXTENSION, max_size=4, unique_by=lambda extension: extension.oid)


def csr_of(asked: list[Extension]) -> Csr | PrivySealError:
    request = forge.request(*(forge.extension(e.oid, e.value, critical=e.critical) for e in asked))
    try:
        return parse_der(forge.csr(attributes=[request]))
    except PrivySealError as error:
        return error


def issued(profile: Profile, csr: Csr, api: Passthrough) -> bytes | PrivySealError:
    root = hierarchy.root()
    tbs = build.build(
        profile,
        csr,
        build.issuer_from_certificate(root.der),
        api,
        serial=1 << 127,
        not_before=hierarchy.NOW - timedelta(hours=1),
        not_after=hierarchy.NOW + timedelta(days=1),
    )
    try:
        lint(tbs)
    except PrivySealError as error:
        return error
    return tbs.sign(root.key, signing_algorithm(root.signing))


@given(name=st.sampled_from(PASSING), by_csr=_ASKED, by_call=_ASKED)
def test_a_passed_extension_is_one_that_others_read_or_a_refusal(
    name: str, by_csr: list[Extension], by_call: list[Extension]
) -> None:
    """And the template's own are what they always are."""
    profile = PROFILES[name]
    csr = csr_of(by_csr)
    if isinstance(csr, PrivySealError):
        assert csr.code is ErrorCode.MALFORMED_CSR
        return
    der = issued(profile, csr, Passthrough(None, tuple(by_call)) if profile.takes_api else NOTHING)
    if isinstance(der, PrivySealError):
        assert der.code is ErrorCode.INVALID_ARGUMENT
        assert der.message.isprintable()
        return
    found = _read(der)
    key_id = extensions.subject_key_identifier(x509.SubjectKeyIdentifier.from_public_key(csr.key).digest)
    for own in (*profile.extensions, key_id):
        assert found[own.oid] == (own.critical, own.value)
    passed = {e.oid: e for e in (*by_csr, *by_call)}
    ours = {e.oid for e in profile.extensions} | {oids.SUBJECT_KEY_IDENTIFIER, oids.AUTHORITY_KEY_IDENTIFIER}
    assert set(found) <= ours | set(passed)


def _read(der: bytes) -> dict[str, tuple[bool, bytes]]:
    """Extension → (critical, value); another library has read each, and refuses a second one."""
    # An EDI party name is legal, but that library does not know it.
    with suppress(x509.UnsupportedGeneralNameType):
        assert len(x509.load_der_x509_certificate(der).extensions) >= 3
    return {e.oid: (e.critical, e.value) for e in read_certificate(der).extensions.values()}
