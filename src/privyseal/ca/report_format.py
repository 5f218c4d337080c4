"""Audit reports as AWS writes them: one record per certificate, in CSV or JSON, page by page.

Source: AWS Private CA user guide, "Use audit reports with your private CA".
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from privyseal.ca.model import Authority, Certificate
from privyseal.names import CertificateArn, format_serial, partition

# In the order of the CSV header; a JSON record leaves out what has no value.
FIELDS = (
    "awsAccountId",
    "requestedByServicePrincipal",
    "certificateArn",
    "serial",
    "subject",
    "notBefore",
    "notAfter",
    "issuedAt",
    "revokedAt",
    "revocationReason",
    "templateArn",
)

_COMPACT = (",", ":")
_BARE = re.compile(r'\A[^,"\r\n]*\Z')
_BETWEEN = ",\n"

Record = Mapping[str, str | None]
Pages = Iterable[Sequence[Record]]


def record_of(authority: Authority, certificate: Certificate) -> Record:
    digits = format_serial(certificate.serial)
    return {
        "awsAccountId": authority.arn.account,
        "requestedByServicePrincipal": certificate.service_principal,
        "certificateArn": str(CertificateArn(authority.arn, certificate.serial)),
        "serial": ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)),
        "subject": certificate.subject,
        "notBefore": _time(certificate.not_before),
        "notAfter": _time(certificate.not_after),
        "issuedAt": _time(certificate.issued_at),
        "revokedAt": _time(certificate.revoked_at),
        "revocationReason": certificate.revocation_reason,
        "templateArn": f"arn:{partition(authority.arn.region)}:acm-pca:::template/{certificate.template}",
    }


def _csv(pages: Pages) -> Iterator[bytes]:
    """No value begins with a character that a spreadsheet takes for a formula: a subject begins with
    the name or the OID of an attribute.
    """
    yield f"{','.join(FIELDS)}\n".encode()
    for page in pages:
        lines = (",".join(_quoted(each[name] or "") for name in FIELDS) for each in page)
        yield "".join(f"{line}\n" for line in lines).encode()


def _quoted(value: str) -> str:
    """In quotes where it has to be (RFC 4180 §2). Python's csv module leaves out a lone CR, which
    readers take for the end of a line.
    """
    if _BARE.match(value):
        return value
    doubled = value.replace('"', '""')
    return f'"{doubled}"'


def _json(pages: Pages) -> Iterator[bytes]:
    before = "[\n"
    for page in pages:
        records = [{name: each[name] for name in FIELDS if each[name] is not None} for each in page]
        if records:
            texts = (json.dumps(each, ensure_ascii=False, separators=_COMPACT) for each in records)
            yield (before + _BETWEEN.join(texts)).encode()
            before = _BETWEEN
    yield b"\n]\n" if before == _BETWEEN else b"[]\n"


def _time(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%S}+0000"


@dataclass(frozen=True, slots=True)
class Format:
    extension: str
    content_type: str
    render: Callable[[Pages], Iterator[bytes]]


# AuditReportResponseFormat of the service model.
FORMATS: Mapping[str, Format] = {
    "JSON": Format("json", "application/json", _json),
    "CSV": Format("csv", "text/csv", _csv),
}
