"""A deployment of serverless-ca moves here: items of its table become certificates of the authorities that
were taken over (`ca/adopting`), with what has been said of them.

An item that cannot be taken is reported and holds nobody up; all of it can be repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from privyseal.ca.adopting import AdoptedCertificate, Adopting
from privyseal.ca.model import Certificate as CertificateRow
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn
from privyseal.serverless import subject
from privyseal.serverless.decoding import decoded
from privyseal.serverless.model import Issue, Noted
from privyseal.serverless.notice_ports import NotedIssues
from privyseal.serverless.ports import Issues
from privyseal.store import Tx
from privyseal.x509 import oids
from privyseal.x509.certificate import Certificate, read_certificate
from privyseal.x509.issued import read_issued
from privyseal.x509.pem import single_block
from privyseal.x509.profiles import SERVERLESS
from privyseal.x509.refusal import RefusalError

MOST: Final = 500  # items of one call
AUTHORITY_TEMPLATE: Final = "SubordinateCACertificate_PathLen0/V1"
_TIME: Final = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the table: texts as they stand there. `certificate` as `decoding.decoded` takes it."""

    common_name: str
    serial_number: str
    certificate: str
    revoked: str | None = None
    notify_expiry: bool = False
    expiry_reminders: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """`refused`: place of an item → what is wrong with it."""

    imported: int
    unchanged: int
    revoked: int
    refused: Mapping[int, PrivySealError]


@dataclass(frozen=True, slots=True)
class _Read:
    item: Item
    adopted: AdoptedCertificate
    is_authority: bool


class Migration:
    def __init__(self, adopting: Adopting, issues: Issues, noted: NotedIssues, region: str) -> None:
        self._adopting = adopting
        self._issues = issues
        self._noted = noted
        self._region = region

    def items(self, caller: Caller, issuer: str, items: Sequence[Item], *, dry_run: bool) -> Report:
        """Items of certificates that `issuer` (PEM) has issued, all in one commit, but those refused.
        Raises NOT_FOUND where that authority has not been taken over.
        """
        if len(items) > MOST:
            raise PrivySealError(ErrorCode.VALIDATION, f"A call takes at most {MOST} items.")
        above = _issuer(issuer)
        good: list[_Read] = []
        refused: dict[int, PrivySealError] = {}
        seen: set[int] = set()
        for place, item in enumerate(items):
            try:
                read = _read(item, above)
                _check_first(read, seen)
                good.append(read)
            except PrivySealError as error:
                refused[place] = error
        arn = self._adopting.find(caller, self._region, above.der)
        if arn is None and not dry_run:
            text = f"The authority {above.subject.text} has not been taken over: import it first."
            raise PrivySealError(ErrorCode.NOT_FOUND, text)
        if dry_run or not good:
            return Report(len(good), 0, sum(each.adopted.revoked_at is not None for each in good), refused)
        assert arn is not None
        return self._take(caller, arn, good, refused)

    def _take(
        self, caller: Caller, arn: AuthorityArn, good: Sequence[_Read], refused: Mapping[int, PrivySealError]
    ) -> Report:
        def note(tx: Tx, row: CertificateRow, place: int) -> None:
            if not good[place].is_authority:
                self._note(tx, row, good[place], arn)

        tally = self._adopting.certificates(caller, str(arn), [each.adopted for each in good], note)
        return Report(tally.imported, tally.unchanged, tally.revoked, refused)

    def _note(self, tx: Tx, row: CertificateRow, read: _Read, arn: AuthorityArn) -> None:
        item, certificate = read.item, read.adopted.certificate
        attributes = [(each.type, each.text) for rdn in certificate.subject.rdns for each in rdn]
        issue = Issue(
            account=arn.account,
            authority_id=row.authority_id,
            serial=row.serial,
            common_name=item.common_name,
            subject=subject.shown(attributes),
            key_digest=row.key_digest,
            issued_at=row.not_before,
            expires_at=row.not_after,
            notify_issued=False,
            notify_expiry=item.notify_expiry,
        )
        self._issues.insert(tx, issue)
        self._noted.adopt(tx, Noted(issue, read.adopted.revoked_at, tuple(item.expiry_reminders)))


def _issuer(text: str) -> Certificate:
    try:
        return read_certificate(single_block(decoded(text).encode(), "CERTIFICATE"))
    except RefusalError as error:
        raise PrivySealError(
            ErrorCode.MALFORMED_CERTIFICATE, f"The issuer's certificate cannot be used: {error}."
        ) from error


def _read(item: Item, issuer: Certificate) -> _Read:
    """Raises VALIDATION."""
    try:
        certificate = read_issued(decoded(item.certificate).encode(), issuer)
    except RefusalError as error:
        raise _refused(item, f"its certificate cannot be used: {error}") from error
    except PrivySealError as error:
        raise _refused(item, error.message.rstrip(".")) from error
    if item.serial_number != str(certificate.serial):
        raise _refused(item, f"its certificate has the serial number {certificate.serial}")
    is_authority = certificate.is_ca
    if not is_authority and item.common_name not in certificate.subject.values(oids.COMMON_NAME):
        raise _refused(item, f"its certificate is that of {certificate.subject.text}")
    revoked = _time(item, item.revoked) if item.revoked else None
    for said in item.expiry_reminders:
        _time(item, said[: len("YYYY-MM-DD")], "%Y-%m-%d")
    template = AUTHORITY_TEMPLATE if is_authority else SERVERLESS.name
    return _Read(item, AdoptedCertificate(certificate, revoked, template), is_authority)


def _check_first(read: _Read, seen: set[int]) -> None:
    serial = read.adopted.certificate.serial
    if serial in seen:
        raise _refused(read.item, "the same call has its serial number twice")
    seen.add(serial)


def _time(item: Item, text: str, form: str = _TIME) -> datetime:
    try:
        return datetime.strptime(text.partition(".")[0], form).replace(tzinfo=UTC)
    except ValueError:
        raise _refused(item, f"{text[:40]!a} is not a time as serverless-ca writes it") from None


def _refused(item: Item, why: str) -> PrivySealError:
    return PrivySealError(
        ErrorCode.VALIDATION, f"{item.common_name[:64]!a} {item.serial_number[:60]}: {why}."
    )


def members(item: Mapping[str, Any]) -> Item:
    """An item as DynamoDB's JSON types it. Raises VALIDATION for one of another table."""
    try:
        return Item(
            common_name=_string(item["CommonName"]),
            serial_number=_string(item["SerialNumber"]),
            certificate=_text(item["Certificate"]["B"]),
            revoked=_string(item["Revoked"]) if "Revoked" in item else None,
            notify_expiry=item.get("NotifyExpiry", {}).get("BOOL", False) is True,
            expiry_reminders=[_string(each) for each in item.get("ExpiryReminders", {}).get("L", ())],
        )
    except (LookupError, TypeError, AttributeError, UnicodeDecodeError):
        raise PrivySealError(
            ErrorCode.VALIDATION,
            "An item is not one of serverless-ca's table: it has CommonName, SerialNumber and Certificate.",
        ) from None


def _string(attribute: Mapping[str, Any]) -> str:
    value = attribute["S"]
    if not isinstance(value, str):
        raise TypeError
    return value


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else memoryview(value).tobytes().decode("ascii")
