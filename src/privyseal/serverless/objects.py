"""The authorities' certificates, their CRLs and the bundle of both, as objects of a bucket under the names
that serverless-ca has for them: made again whenever one of them has a new certificate or a new CRL.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from threading import Event
from typing import Final, NamedTuple

from privyseal.ca.ports import Publisher
from privyseal.ca.revocation.model import CrlDocument
from privyseal.ca.revocation.ports import Crls
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.authorities import Hierarchy, Standing
from privyseal.serverless.notice_ports import Places
from privyseal.store import Store, Tx
from privyseal.x509.pem import to_pem

# Content types: RFC 2585 §4 for DER; for PEM what web servers and browsers know, since none is registered.
CRL: Final = "application/pkix-crl"
CERTIFICATE: Final = "application/x-x509-ca-cert"
PEM: Final = "application/x-pem-file"
_LINE: Final = 48  # octets of a line of PEM


class _Object(NamedTuple):
    name: str
    content: Iterable[bytes]
    content_type: str


class ObjectPublishing:
    """One process at a time runs it."""

    def __init__(
        self,
        store: Store,
        places: Places,
        crls: Crls,
        hierarchy: Hierarchy,
        publisher: Publisher,
        *,
        bucket: str,
        bundle: str,
    ) -> None:
        """`bundle` is the name of the object that holds both certificates."""
        self._store = store
        self._places = places
        self._crls = crls
        self._hierarchy = hierarchy
        self._publisher = publisher
        self._bucket = bucket
        self._bundle = bundle

    def waiting(self, tx: Tx) -> bool:
        return bool(self._behind(tx, self._hierarchy.standing(tx)))

    def run(self, stopping: Event) -> None:
        """Raises what the publisher raises."""
        standing, behind = self._store.view(self._read)
        for each in behind:
            if stopping.is_set():
                return
            for made in (*self._of(each), _bundle(self._bundle, standing)):
                self._publisher.put(self._bucket, made.name, made.content, made.content_type)
            self._store.transact(lambda tx, e=each: self._settle(tx, e))  # type: ignore[misc]

    def _read(self, tx: Tx) -> tuple[list[Standing], list[Standing]]:
        standing = self._hierarchy.standing(tx)
        return standing, self._behind(tx, standing)

    def _behind(self, tx: Tx, standing: Sequence[Standing]) -> list[Standing]:
        place = self._place
        return [e for e in standing if self._places.state(tx, place, e.authority.arn.id) != e.state]

    def _settle(self, tx: Tx, each: Standing) -> None:
        self._places.put_state(tx, self._place, each.authority.arn.id, each.state)

    @property
    def _place(self) -> str:
        return f"bucket {self._bucket}"

    def _of(self, standing: Standing) -> Iterator[_Object]:
        yield _Object(f"{standing.slug}.crt", [_pem(standing)], CERTIFICATE)
        if standing.crl:
            yield _Object(f"{standing.slug}.crl", self._content(standing.crl), CRL)
            lines = _pem_of_crl(self._content(standing.crl))
            yield _Object(f"{standing.slug}.crl.pem", lines, PEM)

    def _content(self, document: CrlDocument) -> Iterator[bytes]:
        yield document.head
        for seq in range(document.chunks):
            chunk = self._store.view(lambda tx, n=seq: self._crls.chunk(tx, document.id, n))  # type: ignore[misc]
            if chunk is None:
                raise PrivySealError(ErrorCode.UNAVAILABLE, "There is a newer CRL by now.")
            yield chunk
        yield document.tail


def _bundle(name: str, standing: Sequence[Standing]) -> _Object:
    """Root, then issuing authority."""
    return _Object(name, [_pem(each) for each in standing], PEM)


def _pem(standing: Standing) -> bytes:
    return f"{to_pem(standing.certificate)}\n".encode()


def _pem_of_crl(der: Iterable[bytes]) -> Iterator[bytes]:
    yield b"-----BEGIN X509 CRL-----\n"
    rest = b""
    for chunk in der:
        data = rest + chunk
        end = len(data) - len(data) % _LINE
        yield b"".join(
            base64.b64encode(data[start : start + _LINE]) + b"\n" for start in range(0, end, _LINE)
        )
        rest = data[end:]
    if rest:
        yield base64.b64encode(rest) + b"\n"
    yield b"-----END X509 CRL-----\n"
