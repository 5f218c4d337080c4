"""No CSR of the hostile collection is accepted, and none is slow to refuse."""

import re
import time

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.csr import parse_pem
from tests.x509.hostile import HOSTILE

# Kind → what its refusals talk about: a defect must not hide behind another one.
_DER = (
    "the data ends|well-formed DER|elements where|tag 0x|shortest form|CertificationRequest|octets; at most"
)
REASONS = {
    "pem": "PEM|BEGIN|END|base64|octets; at most",
    "der": f"{_DER}|version|signature algorithm is missing",
    "proof": "its signature|well-formed DER",
    "key": "public key|RSA key|EC point",
    "subject": f"{_DER}|neither a subject|a string|name attribute|distinguished name|the name has more",
    "name": f"{_DER}|is not a|an iPAddress|names|an otherName|an x400Address|an ediPartyName|a directoryName"
    "|a string|object identifier",
    "request": f"{_DER}|extension|attributes|a boolean",
}


@pytest.mark.parametrize("row", HOSTILE)
def test_a_hostile_csr_is_refused_for_what_is_wrong_with_it_within_a_second(row: str) -> None:
    """As malformed, with a message that is one line of printable text, whatever the CSR contains."""
    data = HOSTILE[row]()
    kind = row.partition(":")[0]
    start = time.monotonic()
    with pytest.raises(PrivySealError) as caught:
        parse_pem(data)
    assert time.monotonic() - start < 1
    assert caught.value.code is ErrorCode.MALFORMED_CSR
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400
    assert re.search(REASONS[kind], caught.value.message), caught.value.message
    assert kind == "proof" or "its signature is not that of the key" not in caught.value.message


@pytest.mark.parametrize("row", [row for row in HOSTILE if "with SHA-" in row])
def test_a_hash_that_is_too_weak_is_named_as_the_reason(row: str) -> None:
    """The signatures themselves are right: only the table of accepted algorithms refuses them."""
    with pytest.raises(PrivySealError, match="SHA-256 or better"):
        parse_pem(HOSTILE[row]())
