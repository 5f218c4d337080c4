"""What the database says about who may connect to a broker, as its registrar asks for it."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from privyseal.ca.certification import CertificatePem
from privyseal.ca.revocation.model import CrlDocument
from privyseal.ca.revocation.ports import Crls
from privyseal.caller import Caller
from privyseal.devices.ports import Devices, Selection
from privyseal.devices.states import ENROLS, State
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn
from privyseal.registrars.mosquitto import BrokerCrl
from privyseal.store import Store, Tx
from privyseal.x509.certificate import read_certificate
from privyseal.x509.pem import blocks, to_pem

PAGE = 1000
_MOST = 32  # certificates of a chain
# Nobody's request: the registrar looks by itself.
_PRINCIPAL = "registrar"

Certificate = Callable[[Caller, str], CertificatePem]


class BrokerTrust:
    """`authorities` gives the ARNs of those whose certificates a broker is to let in, at each look."""

    def __init__(
        self,
        store: Store,
        *,
        crls: Crls,
        devices: Devices,
        certificate: Certificate,
        account: str,
        authorities: Callable[[Tx], Sequence[str]],
    ) -> None:
        self._store = store
        self._crls = crls
        self._devices = devices
        self._certificate = certificate
        self._caller = Caller(_PRINCIPAL, account, _PRINCIPAL)
        self._authorities = authorities

    def roots(self) -> str:
        """The root above each authority, as PEM."""
        found = {self._above(arn)[-1]: None for arn in self._store.view(self._authorities)}
        return "".join(f"{to_pem(der)}\n" for der in found)

    def crls(self) -> Sequence[BrokerCrl]:
        """All that are published for the authorities: complete ones, and those of partitions."""
        return [each for arn in self._store.view(self._authorities) for each in self._crls_of(arn)]

    def barred(self) -> Sequence[str]:
        """Devices that are neither registered nor active, in order."""
        states = [state for state in State if state not in ENROLS]
        return sorted(self._store.view(lambda tx: [i for state in states for i in self._ids(tx, state)]))

    def _above(self, arn: str) -> Sequence[bytes]:
        """DER of the authority's certificate and of those above it."""
        found = self._certificate(self._caller, arn)
        text = f"{found.certificate}\n{found.chain or ''}"
        return blocks(text.encode(), "CERTIFICATE", most=_MOST)

    def _crls_of(self, arn: str) -> Iterator[BrokerCrl]:
        issuer = read_certificate(self._above(arn)[0]).subject.raw
        authority_id = AuthorityArn.parse(arn).id
        for document in self._store.view(lambda tx: self._crls.all_published(tx, authority_id)):
            yield BrokerCrl(document.id, issuer, partial(self._read, document))

    def _read(self, document: CrlDocument) -> bytes:
        """Raises UNAVAILABLE where a newer one has replaced it for so long that it has been deleted."""

        def chunks(tx: Tx) -> list[bytes | None]:
            return [self._crls.chunk(tx, document.id, seq) for seq in range(document.chunks)]

        found = self._store.view(chunks)
        if None in found:
            raise PrivySealError(ErrorCode.UNAVAILABLE, "The CRL has been replaced: read the newer one.")
        return b"".join((document.head, *(chunk for chunk in found if chunk is not None), document.tail))

    def _ids(self, tx: Tx, state: State) -> Iterator[str]:
        after: str | None = None
        while True:
            page = self._devices.page(tx, self._caller.account, Selection(state=state), after, PAGE)
            yield from (device.id for device in page)
            if len(page) < PAGE:
                return
            after = page[-1].id
