"""What is below an authority: the authorities whose keys are in the CA certificates that it has issued,
those below them, and so on.

An authority that was renewed has several certificates, and one that was certified by two has two
parents: it is below both. A certificate that has expired makes nobody anything; one that has been
revoked still does, since whatever was issued below it is still there.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from privyseal.ca.model import Authority, Certificate
from privyseal.ca.repositories import Repositories
from privyseal.store import Tx
from privyseal.x509.profiles import SUBORDINATE, template_kind

_PAGE = 500  # authorities read at once, and keys looked up at once


def key_digest(authority: Authority) -> bytes:
    return hashlib.sha256(authority.public_key).digest()


def with_all_below(tx: Tx, rows: Repositories, top: Authority) -> Sequence[Authority]:
    """`top`, then everything of its account that is below it, from above to below. Nobody's certificates
    are read but those of authorities, by their keys.
    """
    everyone = {each.arn.id: each for each in _account(tx, rows, top)}
    children = _children(tx, rows, list(everyone.values()))
    found, seen = [top], {top.arn.id}
    for each in found:  # grows while it is read: level after level
        new = sorted(children[each.arn.id] - seen)
        seen.update(new)
        found += [everyone[authority_id] for authority_id in new]
    return found


def ca_certificates(tx: Tx, rows: Repositories, authority: Authority) -> Sequence[Certificate]:
    """Every CA certificate with the authority's key that others have issued and that has not expired."""
    found = rows.certificates.by_keys(tx, [key_digest(authority)])
    return [each for each in found if _counts(each, tx.now)]


def is_ca_certificate(certificate: Certificate) -> bool:
    """Issued to an authority by another one."""
    return template_kind(certificate.template) == SUBORDINATE


def _account(tx: Tx, rows: Repositories, top: Authority) -> Iterator[Authority]:
    after = None
    while True:
        page = rows.authorities.page(tx, top.arn.account, top.arn.region, after, _PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].created_at, page[-1].arn.id


def _children(tx: Tx, rows: Repositories, everyone: Sequence[Authority]) -> Mapping[str, set[str]]:
    """Id of an issuer → ids of the authorities that have a certificate from it."""
    holders = {key_digest(each): each.arn.id for each in everyone}
    digests, found = list(holders), defaultdict[str, set[str]](set)
    for start in range(0, len(digests), _PAGE):
        for each in rows.certificates.by_keys(tx, digests[start : start + _PAGE]):
            if _counts(each, tx.now):
                found[each.authority_id].add(holders[each.key_digest])
    return found


def _counts(certificate: Certificate, now: datetime) -> bool:
    return is_ca_certificate(certificate) and now <= certificate.not_after
