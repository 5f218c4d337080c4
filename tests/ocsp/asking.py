"""A domain with OCSP: authorities that have it, and what is asked of it without HTTP."""

import threading
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.x509 import ocsp

from privyseal.ca.revocation.answers import Answer
from privyseal.names import format_serial
from privyseal.x509 import der
from privyseal.x509.ocsp_request import parse
from privyseal.x509.oids import OCSP_NONCE as NONCE
from tests.ca.world import CALLER, World
from tests.ocsp import wire

OCSP_ON = {"OcspConfiguration": {"Enabled": True}}
OCSP_OFF = {"OcspConfiguration": {"Enabled": False}}
NOT_STOPPING = threading.Event()


def enable(world: World, arn: str) -> None:
    """OCSP for an authority, and its responder made."""
    world.ca.authorities.update(CALLER, arn, None, OCSP_ON)
    keep_up(world)


def keep_up(world: World) -> None:
    world.ca.ocsp.upkeep.keep_up(NOT_STOPPING)


def certificate_of(world: World, arn: str) -> x509.Certificate:
    found = world.row(arn).certificate
    assert found
    return x509.load_der_x509_certificate(found)


def ask_all(world: World, requests: Sequence[bytes]) -> list[Answer]:
    """One batch."""
    return list(world.ca.ocsp.answers.answer([parse(each) for each in requests]))


def ask(world: World, arn: str, *serials: int, **more: Any) -> ocsp.OCSPResponse:
    issuer = more.pop("issuer", None) or certificate_of(world, arn)
    return read(ask_all(world, [request(issuer, *serials, **more)])[0])


def request(issuer: x509.Certificate, *serials: int, nonce: bytes | None = None) -> bytes:
    extension = der.sequence(der.oid(NONCE), der.tlv(4, der.tlv(4, nonce))) if nonce else b""
    more = [der.tlv(0xA2, der.sequence(extension))] if nonce else []
    return wire.as_request([wire.cert_id(each, issuer) for each in serials], *more)


def read(answer: Answer) -> ocsp.OCSPResponse:
    return ocsp.load_der_ocsp_response(answer.response)


def names(answer: Answer) -> list[str]:
    """The statuses in a successful answer."""
    return [each.certificate_status.name for each in read(answer).responses]


def status(world: World, arn: str, serial: int, **more: Any) -> str:
    """GOOD, REVOKED or UNKNOWN, or why there was no answer."""
    found = ask(world, arn, serial, **more)
    if found.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL:
        return found.certificate_status.name
    return found.response_status.name


def store_answers(world: World) -> None:
    """Have the answers stored that wait for it."""
    world.ca.ocsp.store_answers(NOT_STOPPING)


def revoke(world: World, arn: str, serial: int, reason: str = "KEY_COMPROMISE") -> None:
    world.ca.revocation.revoke(CALLER, arn, format_serial(serial), reason)
