"""What the new authority is to be: as the old one, but for what was said otherwise."""

import re
from dataclasses import dataclass

from privyseal.ca.model import SUBORDINATE, Authority, Certificate
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.below import ca_certificates
from privyseal.ca.revocation.standing import Standing, standing
from privyseal.ca.states import ISSUES
from privyseal.devices.ca_rotation.model import Plan
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Tx
from privyseal.x509.algorithms import check_signing_fits, default_signing_algorithm
from privyseal.x509.certificate import read_certificate

MAX_COMMON_NAME = 64  # X.520 ub-common-name
# Templates that say everything about the certificates made with them (AWS Private CA user guide, "Template
# definitions"): with the others a part came from the request of that time.
_PLAIN = re.compile(r"\ASubordinateCACertificate_PathLen[0-3]/V1\Z")
_GENERATION = re.compile(r" G([0-9]{1,4})\Z")


@dataclass(frozen=True, slots=True)
class Wishes:
    """None: as the old authority has it."""

    common_name: str | None = None
    key_algorithm: str | None = None
    signing_algorithm: str | None = None
    validity_days: int | None = None


def planned(tx: Tx, rows: Repositories, old: Authority, wishes: Wishes) -> Plan:
    """Raises INVALID_STATE for an authority that is not an active subordinate, VALIDATION."""
    if old.type != SUBORDINATE or old.status_at(tx.now) not in ISSUES or old.certificate is None:
        raise PrivySealError(
            ErrorCode.INVALID_STATE,
            f"{old.arn} is not an active authority below another one: there is nothing to rotate.",
        )
    key_algorithm = wishes.key_algorithm or old.key_algorithm
    signing = wishes.signing_algorithm
    if signing is None:
        same = key_algorithm == old.key_algorithm
        signing = old.signing_algorithm if same else default_signing_algorithm(key_algorithm)
    check_signing_fits(signing, key_algorithm)
    read = read_certificate(old.certificate)
    lasts = (read.not_after - read.not_before).days
    certified = _certified(tx, rows, old)
    return Plan(
        subject={**old.subject, "CommonName": wishes.common_name or _next_name(old)},
        key_algorithm=key_algorithm,
        signing_algorithm=signing,
        validity_days=wishes.validity_days or max(1, lasts),
        parent=certified[0] if certified else None,
        template=certified[1] if certified else "",
    )


def revocable(tx: Tx, rows: Repositories, old: Authority) -> list[tuple[Authority, Certificate]]:
    """The old one's CA certificates that authorities of its account have issued and not revoked."""
    found = [each for each in ca_certificates(tx, rows, old) if standing(each) is not Standing.REVOKED]
    issuers = rows.authorities.find_many(tx, sorted({each.authority_id for each in found}))
    pairs = [(issuers[each.authority_id], each) for each in found]
    return [pair for pair in pairs if pair[0].arn.account == old.arn.account]


def _certified(tx: Tx, rows: Repositories, old: Authority) -> tuple[str, str] | None:
    """(the authority that can certify the new one, with which template); None where nobody here can."""
    for issuer, certificate in revocable(tx, rows, old):
        if certificate.der != old.certificate or not _PLAIN.match(certificate.template):
            continue
        if issuer.status_at(tx.now) in ISSUES:
            return str(issuer.arn), certificate.template
    return None


def _next_name(old: Authority) -> str:
    """Another name than the old one's: relying parties look CRLs up by it."""
    name = str(old.subject.get("CommonName", ""))
    generation = _GENERATION.search(name)
    number = int(generation[1]) + 1 if generation else 2
    made = f"{_GENERATION.sub('', name)} G{number}"
    if not name or len(made) > MAX_COMMON_NAME:
        raise PrivySealError(
            ErrorCode.VALIDATION,
            "The common name of the new authority cannot be made from that of the old one: say it "
            "(common_name, --common-name).",
        )
    return made
