"""Device certificates from AWS IoT Core: CreateCertificateFromCsr.

AWS decides on validity and extensions, and gives no chain. The call has no idempotency token, so
`devices.issuing_once` makes it once for each of ours, and this file makes up for what it cannot see:

- Certificates are created INACTIVE; the registrar makes them ACTIVE when everything else is done. So
  one that a crash has left behind, between AWS's answer and our record, can never be used.
- It is found again: of the certificates since the intent that are still INACTIVE (those in hand at
  this moment, and those left behind) it is the one with the CSR's key.

What remains: if ListCertificates does not show a certificate yet when the retry looks, the retry makes
another one, and the first stays behind, INACTIVE and attached to nothing. The retry after a crash
looks a minute later at the earliest; the one after a lost answer at once.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from privyseal.aws_iot.client import INVALID, ONCE, IotClient, IotError
from privyseal.caller import Caller
from privyseal.devices.issuing_once import IssuingOnce
from privyseal.devices.ports import IssuedDeviceCertificate
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import pem
from privyseal.x509.certificate import read_certificate
from privyseal.x509.csr import Csr, parse_pem
from privyseal.x509.keys import public_key_der, read_public_key
from privyseal.x509.refusal import RefusalError

# Between AWS's clock and ours.
_SKEW = timedelta(minutes=5)
_PAGE = 250  # PageSize in the iot service model: at most


class AwsIotIssuer:
    """Implements `devices.ports.Issuer`. Safe to share between threads."""

    def __init__(
        self, once: IssuingOnce, *, region: str, endpoint_url: str | None = None, profile: str | None = None
    ) -> None:
        self._once = once
        self._reading = IotClient(region, endpoint_url=endpoint_url, profile=profile)
        self._creating = IotClient(region, endpoint_url=endpoint_url, profile=profile, attempts=ONCE)

    def issue(self, csr_pem: bytes, *, token: str, caller: Caller) -> IssuedDeviceCertificate:  # noqa: ARG002 - AWS knows its callers by their credentials
        csr = parse_pem(csr_pem)
        return self._once.issue(
            token,
            hashlib.sha256(csr.der).digest(),
            create=lambda: self._create(csr_pem),
            find=lambda since: self._find(csr, since),
        )

    def _create(self, csr_pem: bytes) -> IssuedDeviceCertificate:
        try:
            made = self._creating.call(
                "CreateCertificateFromCsr", certificateSigningRequest=csr_pem.decode(), setAsActive=False
            )
        except IotError as error:
            if error.name == INVALID:
                raise PrivySealError(ErrorCode.MALFORMED_CSR, error.message) from error
            raise
        return IssuedDeviceCertificate(made["certificatePem"], "", made["certificateArn"])

    def _find(self, csr: Csr, since: datetime) -> IssuedDeviceCertificate | None:
        key = public_key_der(csr.key)
        for listed in self._inactive(since - _SKEW):
            found = self._reading.call("DescribeCertificate", certificateId=listed["certificateId"])
            described = found["certificateDescription"]
            if described["status"] == "INACTIVE" and _key(described["certificatePem"]) == key:
                return IssuedDeviceCertificate(described["certificatePem"], "", described["certificateArn"])
        return None

    def _inactive(self, since: datetime) -> Iterator[dict[str, Any]]:
        """Those created since then, the newest first."""
        marker: dict[str, str] = {}
        while True:
            page = self._reading.call("ListCertificates", pageSize=_PAGE, ascendingOrder=False, **marker)
            for listed in page["certificates"]:
                if listed["creationDate"] >= since and listed["status"] == "INACTIVE":
                    yield listed
            ended = any(listed["creationDate"] < since for listed in page["certificates"])
            if ended or not page.get("nextMarker"):
                return
            marker = {"marker": page["nextMarker"]}


def _key(certificate_pem: str) -> bytes | None:
    """None for a certificate that cannot be read: it is not ours then."""
    try:
        certificate = read_certificate(pem.single_block(certificate_pem.encode(), "CERTIFICATE"))
        _, key = read_public_key(certificate.spki)
        return public_key_der(key)
    except RefusalError:
        return None
