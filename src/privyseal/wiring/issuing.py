"""Which authority issues for devices, for whoever has to know: also after it was replaced by another one."""

from collections.abc import Sequence

from privyseal.ca.states import HAS_CERTIFICATE
from privyseal.devices import succession
from privyseal.devices.succession import Issuing
from privyseal.names import AuthorityArn
from privyseal.store import Tx
from privyseal.stores.repositories.authorities import SqlAuthorities
from privyseal.stores.repositories.ca_rotations import SqlCaRotations, SqlSuccessions
from privyseal.wiring.parts import Parts
from privyseal.x509.pem import to_pem


def configured(parts: Parts) -> str:
    """Of the local issuer, by the settings; "" where there is none."""
    own = parts.directory.read_environment().get("issuing_ca_arn")
    return parts.settings.devices.authority or own or ""


def issuing(parts: Parts) -> Issuing | None:
    """None where the local issuer has no authority to issue from."""
    if not configured(parts):
        return None
    return Issuing(parts.store, SqlSuccessions(), lambda: configured(parts))


def follow(parts: Parts, authority: str) -> str:
    """The ARN of who issues in its place now."""
    return parts.store.view(lambda tx: succession.current(tx, SqlSuccessions(), authority))


def renamed(parts: Parts) -> None:
    """What people find in the environment file is who issues now. Each look is newer than the last write,
    so of processes that write at once the last one leaves what is true.
    """
    while (named := (members := parts.directory.read_environment()).get("issuing_ca_arn")) is not None:
        now = follow(parts, named)
        if now == named:
            return
        parts.directory.write_environment({**members, "issuing_ca_arn": now})


def issuers(tx: Tx, parts: Parts, named: Sequence[str] = ()) -> Sequence[str]:
    """ARNs of all whose certificates devices may have: those `named`, the configured one, who has taken its
    place, who is about to, and whoever was before; of the last three those with a certificate.
    """
    first = configured(parts)
    found = dict.fromkeys(filter(None, (first, *named)))
    rotations = SqlCaRotations().all(tx, parts.settings.account)
    others = {arn for each in rotations for arn in (str(each.old), each.new) if arn and arn not in found}
    for arn in sorted(others):
        row = SqlAuthorities().find(tx, AuthorityArn.parse(arn).id)
        if row is not None and row.certificate is not None and row.status_at(tx.now) in HAS_CERTIFICATE:
            found[arn] = None
    return list(found)


def issuer_certificates(parts: Parts) -> list[str]:
    """Theirs, as PEM."""

    def read(tx: Tx) -> list[str]:
        rows = [SqlAuthorities().find(tx, AuthorityArn.parse(arn).id) for arn in issuers(tx, parts)]
        return [to_pem(row.certificate) for row in rows if row is not None and row.certificate is not None]

    return parts.store.view(read)
