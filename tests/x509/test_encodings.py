"""DER and PEM: what is written is read again, elsewhere too, and nothing else is read."""

import base64
from datetime import UTC, datetime

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.der.decoder import decode
from pyasn1.codec.der.encoder import encode
from pyasn1.type import univ

from privyseal.x509 import der, pem
from privyseal.x509.der import DerError
from privyseal.x509.refusal import RefusalError
from tests.x509 import hierarchy

ARCS = st.integers(0, 2**70)
OIDS = st.one_of(
    st.tuples(st.integers(0, 1), st.integers(0, 39), st.lists(ARCS, max_size=8)),
    st.tuples(st.just(2), ARCS, st.lists(ARCS, max_size=8)),
).map(lambda arcs: ".".join(map(str, (arcs[0], arcs[1], *arcs[2]))))


@given(value=st.integers(0, 2**200))
def test_integers_are_written_and_read_as_another_library_does(value: int) -> None:
    assert der.integer(value) == encode(univ.Integer(value))
    assert der.read_integer(der.single(der.integer(value), der.INTEGER)) == value


@given(value=st.integers(-(2**100), 2**100), padding=st.booleans())
def test_signed_integers_are_read_in_their_shortest_form_only(value: int, padding: bool) -> None:
    shortest = (value if value >= 0 else ~value).bit_length() // 8 + 1
    content = value.to_bytes(shortest + padding, signed=True)
    element = der.single(der.tlv(der.INTEGER, content), der.INTEGER)
    if padding:
        with pytest.raises(DerError, match="shortest"):
            der.read_integer(element)
    else:
        assert der.read_integer(element) == value


@given(dotted=OIDS)
def test_object_identifiers_are_written_and_read_as_another_library_does(dotted: str) -> None:
    assert der.oid(dotted) == encode(univ.ObjectIdentifier(dotted))
    assert der.read_oid(der.single(der.oid(dotted), der.OID)) == dotted


@pytest.mark.parametrize(
    "text", ["", "1", "3.1", "1.40", "1.2.", ".1.2", "1..2", "1.02", "-1.2", "1.-2", "1.2.a", "1,2", "1.2\n"]
)
def test_what_is_no_object_identifier_is_not_written(text: str) -> None:
    with pytest.raises(DerError):
        der.oid(text)


@given(positions=st.frozensets(st.integers(0, 20)))
def test_named_bits_are_written_without_trailing_zeros(positions: frozenset[int]) -> None:
    bits = [int(n in positions) for n in range(max(positions, default=-1) + 1)]
    assert der.named_bits(positions) == encode(univ.BitString(bits))


@given(content=st.binary(max_size=70_000))
def test_lengths_are_in_their_shortest_form(content: bytes) -> None:
    written = der.tlv(der.OCTET_STRING, content)
    assert written == encode(univ.OctetString(content))
    assert der.single(written, der.OCTET_STRING).content == content


@given(data=st.binary(max_size=60))
def test_whatever_is_read_is_written_the_same(data: bytes) -> None:
    """Reading is strict: no two encodings of one value are accepted."""
    try:
        found = der.elements(data)
    except DerError:
        found = []
    assert b"".join(der.tlv(each.tag, each.content) for each in found) in {data, b""}
    assert all(each.raw == der.tlv(each.tag, each.content) for each in found)


@pytest.mark.parametrize(
    "data",
    [
        b"\x04\x81\x05hello",  # a length below 128 in the long form
        b"\x04\x82\x00\x80" + b"x" * 128,  # a length with a leading zero
        b"\x04\x80hello\x00\x00",  # indefinite
        b"\x04\x85\x01\x00\x00\x00\x00",  # more octets of length than anything here has
        b"\x04\xffhello",  # reserved
        b"\x04\x82\x01",  # cut within the length
        b"\x04\x05hell",  # cut within the value
        b"\x04",  # cut before the length
        b"\x1f\x01\x00",  # a tag number above 30
    ],
)
def test_another_encoding_of_a_length_or_tag_is_refused(data: bytes) -> None:
    """X.690 §10.1 and §8.1.2.4."""
    with pytest.raises(DerError):
        der.elements(data)


@given(octets=st.binary(min_size=1, max_size=12))
def test_an_object_identifier_has_one_encoding(octets: bytes) -> None:
    element = der.single(der.tlv(der.OID, octets), der.OID)
    try:
        dotted = der.read_oid(element)
    except DerError:
        return
    assert decode(element.raw)[0] == univ.ObjectIdentifier(dotted)
    assert encode(univ.ObjectIdentifier(dotted)) == element.raw


@pytest.mark.parametrize("octets", [b"", b"\x55\x04\x80\x03", b"\x80\x01", b"\x55\x04\x83"])
def test_a_padded_or_cut_object_identifier_is_refused(octets: bytes) -> None:
    """X.690 §8.19.2."""
    with pytest.raises(DerError):
        der.read_oid(der.Element(der.OID, octets, b""))


@pytest.mark.parametrize("octets", [b"", b"\x01\x80", b"\x07\x80"])
def test_keys_and_signatures_are_whole_octets(octets: bytes) -> None:
    with pytest.raises(DerError):
        der.read_bit_string(der.Element(der.BIT_STRING, octets, b""))


@given(octets=st.binary(max_size=2))
def test_true_is_ff_and_false_is_00(octets: bytes) -> None:
    """X.690 §11.1."""
    element = der.Element(der.BOOLEAN, octets, b"")
    if octets in {b"\x00", b"\xff"}:
        assert der.read_boolean(element) is (octets == b"\xff")
    else:
        with pytest.raises(DerError):
            der.read_boolean(element)


def test_nesting_is_bounded() -> None:
    data = b""
    for _ in range(der.MAX_DEPTH):
        data = der.sequence(data)
    der.check(data)
    with pytest.raises(DerError, match="deep"):
        der.check(der.sequence(data))


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(1950, 1, 1, tzinfo=UTC), b"\x17\x0d500101000000Z"),
        (datetime(2026, 11, 21, 9, 8, 7, tzinfo=UTC), b"\x17\x0d261121090807Z"),
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x17\x0d491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), b"\x18\x0f20500101000000Z"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x18\x0f99991231235959Z"),
    ],
)
def test_time_changes_its_form_in_2050(at: datetime, written: bytes) -> None:
    """RFC 5280 §4.1.2.5."""
    assert der.time(at) == written


@given(
    content=st.binary(min_size=1, max_size=500), label=st.sampled_from(["CERTIFICATE", "CERTIFICATE REQUEST"])
)
def test_pem_is_read_again(content: bytes, label: str) -> None:
    text = pem.to_pem(content, label)
    assert not text.endswith("\n")
    assert max(map(len, text.splitlines())) <= 64
    assert pem.single_block(text.encode(), label) == content
    assert base64.b64decode("".join(text.splitlines()[1:-1])) == content


@given(
    data=st.lists(
        st.sampled_from(
            [
                b"-----BEGIN CERTIFICATE-----",
                b"-----END CERTIFICATE-----",
                b"\n",
                b"AAAA",
                b"A",
                b"=",
                b"-----",
                b"x",
                b"\x00",
                b" ",
            ]
        ),
        max_size=20,
    ).map(b"".join)
)
def test_any_text_of_pem_parts_is_read_or_refused(data: bytes) -> None:
    """Each BEGIN line that was not refused has given a block; its letters here all mean zeros."""
    try:
        found = pem.blocks(data, "CERTIFICATE", most=3)
    except RefusalError:
        return
    assert data.count(b"-----BEGIN") == len(found)
    assert all(set(block) == {0} for block in found)


@given(characters=st.lists(st.sampled_from(b"AB/+=w\n"), max_size=12))
def test_base64_is_taken_in_the_one_form_that_it_is_written_in(characters: list[int]) -> None:
    compact = bytes(characters).replace(b"\n", b"")
    block = b"-----BEGIN X-----\n%b\n-----END X-----" % bytes(characters)
    try:
        canonical = base64.b64encode(base64.b64decode(compact)) == compact and compact != b""
    except ValueError:
        canonical = False
    if canonical:
        assert pem.single_block(block, "X") == base64.b64decode(compact)
    else:
        with pytest.raises(RefusalError, match="base64"):
            pem.single_block(block, "X")


def test_a_chain_may_have_text_between_its_certificates_and_no_more_than_so_many() -> None:
    one = pem.to_pem(b"one").encode()
    chain = b"# issuing\n" + one + b"\n# root\n" + one + b"\n"
    assert pem.blocks(chain, "CERTIFICATE", most=2) == [b"one", b"one"]
    with pytest.raises(RefusalError, match="more PEM blocks than 1"):
        pem.blocks(chain, "CERTIFICATE", most=1)


def test_our_pem_is_pem_to_others() -> None:

    der_bytes = hierarchy.root().der
    assert x509.load_pem_x509_certificate(pem.to_pem(der_bytes).encode()) == x509.load_der_x509_certificate(
        der_bytes
    )
