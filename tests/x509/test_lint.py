"""Each rule of the blocking lint stops a certificate that breaks it, and only that one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.value import changed
from privyseal.x509 import build, extensions, oids
from privyseal.x509.build import ToBeSigned
from privyseal.x509.csr import parse_der
from privyseal.x509.extensions import Extension
from privyseal.x509.general_names import DNS
from privyseal.x509.lint import RULES, lint
from privyseal.x509.name_constraints import NameConstraints, Subtree
from privyseal.x509.profiles import PROFILES
from privyseal.x509.subject import read_name
from tests.x509 import forge, hierarchy
from tests.x509.forge import dns, request, san


def leaf(issuer: build.Issuer | None = None, template: str = "EndEntityCertificate") -> ToBeSigned:
    csr = parse_der(forge.csr(attributes=[request(san(dns("a.example")))]))
    return build.build(
        PROFILES[f"{template}/V1"],
        csr,
        issuer or build.issuer_from_certificate(hierarchy.root().der),
        serial=1 << 127,
        not_before=hierarchy.NOW - timedelta(hours=1),
        not_after=hierarchy.NOW + timedelta(days=1),
    )


def subordinate(path_length: int = 0, issuer_path_length: int | None = None) -> ToBeSigned:
    issuer = build.issuer_from_certificate(hierarchy.root().der)
    return leaf(
        replace(issuer, path_length=issuer_path_length), f"SubordinateCACertificate_PathLen{path_length}"
    )


def root() -> ToBeSigned:
    return leaf(build.self_issuer(parse_der(forge.csr())), "RootCACertificate")


def swapped(tbs: ToBeSigned, oid: str, *others: Extension) -> ToBeSigned:
    """The same with that extension replaced by others, or by none."""
    return changed(tbs, extensions=(*(e for e in tbs.extensions if e.oid != oid), *others))


EMPTY = read_name(forge.name())
NO_NAMES = Extension(oids.SUBJECT_ALTERNATIVE_NAME, False, forge.seq())
CRITICAL_NAMES = Extension(oids.SUBJECT_ALTERNATIVE_NAME, True, forge.seq(dns("a.example")))
OWN = extensions.subject_key_identifier(b"0" * 20)
NO_USE = Extension(oids.KEY_USAGE, True, b"\x03\x01\x00")
SIGNS = extensions.key_usage(["keyCertSign"])
LEAF_WITH_LENGTH = extensions.basic_constraints(ca=False, path_length=0, critical=False)
SOFT_CA = extensions.basic_constraints(ca=True, path_length=0, critical=False)
NO_PURPOSE = Extension(oids.EXTENDED_KEY_USAGE, False, forge.seq())
NO_CONSTRAINT = Extension(
    oids.NAME_CONSTRAINTS, True, forge.seq(forge.tlv(0xA0, forge.seq(dns("a.example"))))
)
ELSEWHERE = NameConstraints((Subtree(DNS, b"elsewhere.example"),), ())
NOT_POINTS = Extension(oids.CRL_DISTRIBUTION_POINTS, False, forge.tlv(0x0C, b"http://a.example/crl"))


def passing(*more: Extension) -> ToBeSigned:
    """A leaf of a template that passes extensions through."""
    tbs = leaf(template="BlankEndEntityCertificate_APIPassthrough")
    return changed(tbs, extensions=(*tbs.extensions, *more))


def own_key_id(tbs: ToBeSigned) -> bytes:
    value = next(e.value for e in tbs.extensions if e.oid == oids.SUBJECT_KEY_IDENTIFIER)
    return extensions.read_subject_key_identifier(value)


def root_that_names(*parts: bytes) -> ToBeSigned:
    """A root with an authority key identifier made of these fields."""
    made = root()
    return changed(
        made,
        extensions=(*made.extensions, Extension(oids.AUTHORITY_KEY_IDENTIFIER, False, forge.seq(*parts))),
    )


# text of the rule → certificates that break it
BREAKS: dict[str, list[Callable[[], ToBeSigned]]] = {
    "the serial number is positive and has at most 20 octets": [
        lambda: changed(leaf(), serial=0),
        lambda: changed(leaf(), serial=-1),
        lambda: changed(leaf(), serial=1 << 159),
    ],
    "the issuer has a name": [lambda: changed(leaf(), issuer=replace(leaf().issuer, subject=EMPTY))],
    "it ends after it begins": [
        lambda: changed(leaf(), not_before=leaf().not_after),
        lambda: changed(leaf(), not_before=leaf().not_after + timedelta(seconds=1)),
    ],
    "it does not outlive its issuer": [
        lambda: changed(
            leaf(), issuer=replace(leaf().issuer, not_after=leaf().not_after - timedelta(seconds=1))
        )
    ],
    "a CA has a subject, and whoever has none has a critical subject alternative name": [
        lambda: changed(leaf(), subject=EMPTY),
        lambda: swapped(changed(leaf(), subject=EMPTY), oids.SUBJECT_ALTERNATIVE_NAME),
        lambda: swapped(leaf(), oids.SUBJECT_ALTERNATIVE_NAME, CRITICAL_NAMES),
        lambda: swapped(changed(subordinate(), subject=EMPTY), oids.SUBJECT_ALTERNATIVE_NAME, CRITICAL_NAMES),
    ],
    "no extension occurs twice": [
        lambda: changed(leaf(), extensions=(*leaf().extensions, leaf().extensions[0]))
    ],
    "a root issues itself; all others name the key of another issuer": [
        lambda: swapped(leaf(), oids.AUTHORITY_KEY_IDENTIFIER),
        lambda: changed(root(), issuer=leaf().issuer),
        lambda: leaf(
            replace(leaf().issuer, key_id=extensions.read_subject_key_identifier(leaf().extensions[3].value))
        ),
    ],
    "every extension has the form that its identifier promises": [
        lambda: passing(NOT_POINTS),
        lambda: passing(Extension(oids.CERTIFICATE_POLICIES, False, forge.seq(b"\x02\x01\x01"))),
    ],
    "the authority key identifier of a root names the root's own key": [
        lambda: root_that_names(forge.tlv(0x80, b"0" * 20)),
        root_that_names,
        lambda: root_that_names(forge.tlv(0x80, own_key_id(root())), forge.tlv(0x82, b"\x01")),
    ],
    "only a CA has name constraints": [lambda: swapped(leaf(), oids.NAME_CONSTRAINTS, NO_CONSTRAINT)],
    "its names are within the name constraints of the authorities above it": [
        lambda: changed(leaf(), issuer=replace(leaf().issuer, constraints=(ELSEWHERE,)))
    ],
    "key identifiers are not critical": [
        lambda: changed(
            leaf(),
            extensions=tuple(
                changed(e, critical=True) if e.oid == oids.SUBJECT_KEY_IDENTIFIER else e
                for e in leaf().extensions
            ),
        ),
        lambda: changed(
            leaf(),
            extensions=tuple(
                changed(e, critical=True) if e.oid == oids.AUTHORITY_KEY_IDENTIFIER else e
                for e in leaf().extensions
            ),
        ),
    ],
    "the subject key identifier is that of the key": [
        lambda: swapped(leaf(), oids.SUBJECT_KEY_IDENTIFIER, OWN),
        lambda: swapped(leaf(), oids.SUBJECT_KEY_IDENTIFIER),
    ],
    "a key usage names at least one use": [lambda: swapped(leaf(), oids.KEY_USAGE, NO_USE)],
    "a CA may sign certificates, and nobody else may": [
        lambda: swapped(leaf(), oids.KEY_USAGE, SIGNS),
        lambda: swapped(subordinate(), oids.KEY_USAGE, extensions.key_usage(["cRLSign"])),
    ],
    "the subject alternative names are legal and at least one": [],  # a refusal with a reason of its own
    "a CA has critical basic constraints": [lambda: swapped(subordinate(), oids.BASIC_CONSTRAINTS, SOFT_CA)],
    "only a CA has a path length": [lambda: swapped(leaf(), oids.BASIC_CONSTRAINTS, LEAF_WITH_LENGTH)],
    "its path length is smaller than its issuer's": [
        lambda: subordinate(0, issuer_path_length=0),
        lambda: subordinate(2, issuer_path_length=2),
        lambda: subordinate(3, issuer_path_length=-1),
        lambda: swapped(
            subordinate(0, issuer_path_length=5),
            oids.BASIC_CONSTRAINTS,
            extensions.basic_constraints(ca=True, path_length=None, critical=True),
        ),
    ],
    "an extended key usage names at least one purpose": [
        lambda: swapped(leaf(), oids.EXTENDED_KEY_USAGE, NO_PURPOSE)
    ],
}
CASES = [(text, number) for text, cases in BREAKS.items() for number in range(len(cases))]


def test_every_rule_has_a_certificate_here_that_breaks_it() -> None:
    assert set(BREAKS) == {rule.text for rule in RULES}


@pytest.mark.parametrize(("text", "number"), CASES)
def test_a_broken_rule_stops_the_certificate(text: str, number: int) -> None:
    with pytest.raises(PrivySealError) as caught:
        lint(BREAKS[text][number]())
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert text in caught.value.message


@pytest.mark.parametrize(
    "make",
    [
        leaf,
        subordinate,
        root,
        lambda: subordinate(1, issuer_path_length=2),
        lambda: swapped(subordinate(), oids.NAME_CONSTRAINTS, NO_CONSTRAINT),
        lambda: root_that_names(forge.tlv(0x80, own_key_id(root()))),
        lambda: passing(Extension("1.3.6.1.4.1.99999.1", True, b"\x05\x00")),
    ],
)
def test_what_keeps_the_rules_passes(make: Callable[[], ToBeSigned]) -> None:
    lint(make())


@pytest.mark.parametrize(
    ("oid", "value", "reason"),
    [
        (oids.SUBJECT_ALTERNATIVE_NAME, forge.seq(), "the list of names is empty"),
        (oids.SUBJECT_ALTERNATIVE_NAME, forge.seq(dns("a\x00b")), "is not a dNSName"),
        (oids.BASIC_CONSTRAINTS, forge.seq(b"\x02\x01\xff"), "basic constraints are malformed"),
        (oids.KEY_USAGE, b"\x04\x01\x80", "tag 0x04"),
        (oids.KEY_USAGE, b"\x03\x02\x09\x80", "key usage is malformed"),
        (oids.KEY_USAGE, b"\x03\x00", "key usage is malformed"),
        (oids.KEY_USAGE, b"\x03\x04\x00\x80\x80\x80", "key usage is malformed"),
        (oids.EXTENDED_KEY_USAGE, forge.seq(b"\x06\x00"), "object identifier"),
    ],
)
def test_a_value_that_cannot_be_read_stops_the_certificate(oid: str, value: bytes, reason: str) -> None:
    """The lint reads what will be signed, not what was meant."""
    with pytest.raises(PrivySealError, match=reason):
        lint(swapped(leaf(), oid, Extension(oid, False, value)))


def test_all_broken_rules_are_told_at_once() -> None:
    with pytest.raises(PrivySealError) as caught:
        lint(changed(leaf(), serial=0, not_before=leaf().not_after))
    assert "serial number" in caught.value.message
    assert "ends after it begins" in caught.value.message
