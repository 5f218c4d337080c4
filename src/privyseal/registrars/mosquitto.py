"""Mosquitto: the files that say which devices a broker lets in, kept as the database has them.

The broker reads three files of one folder. Each is made whole from what is true now, so that calling
again repairs whatever was left behind:

- `ca.pem`: the roots. A device presents its chain, so a new issuing authority needs nothing here.
- `crl.pem`: the CRLs of the authorities that issue for devices. Mosquitto refuses a certificate whose
  issuer has no current CRL here: the file says which authorities count, and a lost one fails closed.
- `acl`: every device has its own topics; one that is barred has none.

SIGHUP makes Mosquitto read all three again, remembering nothing of before, and cuts no connection. What
that does to whom, as measured with 2.0.11 (`tests/mqtt/`): a certificate that `crl.pem` lists is refused
when it connects the next time, and a hold that was released is let in again; connections that stand are
left alone, but a barred device's messages stop at once. The ACL alone cannot refuse a connection, since
a name that comes from the certificate is never looked up; that needs the CRL, for a suspended device a
certificate on hold.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from privyseal import log
from privyseal.devices.identities import Registration
from privyseal.devices.ports import IssuingAuthority
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.registrars import mosquitto_files as files

TOPICS = ("devices/%u/#",)


@dataclass(frozen=True, slots=True)
class BrokerCrl:
    """A CRL that is published now. `id` is another one for each that is made."""

    id: str
    issuer: bytes  # DER of the issuer's name
    read: Callable[[], bytes]  # its DER


class MosquittoRegistrar:
    """Implements `devices.ports.Registrar`.

    `tell` makes the broker read its files again; `told_by` has the ways. `topics` may contain %u, the
    device id.
    """

    def __init__(
        self,
        folder: Path,
        *,
        endpoint: str,
        roots: Callable[[], str],
        crls: Callable[[], Sequence[BrokerCrl]],
        barred: Callable[[], Sequence[str]],
        tell: Callable[[], None],
        topics: Sequence[str] = TOPICS,
    ) -> None:
        self._folder = folder
        self._endpoint = endpoint
        self._roots = roots
        self._crls = crls
        self._barred = barred
        self._tell = tell
        self._topics = topics
        self._served: frozenset[bytes] = frozenset()  # issuers whose CRL the broker has been told of
        self._thread = threading.Lock()  # flock is between processes
        self._failure = ""

    def endpoint(self) -> str:
        return self._endpoint

    def register(self, registration: Registration) -> str:
        """The rules hold for every device, so all there is to do is to have its issuer's CRL in place."""
        files.check_user(registration.device_id)
        self._require_crl_of(files.issuer_of(registration.certificate))
        return ""

    def trust(self, authority: IssuingAuthority) -> str:
        """The broker refuses what an authority issues until it has the authority's CRL."""
        self._require_crl_of(files.subject_of(authority.certificate))
        return ""

    def distrust(self, certificate: str) -> None:
        """The broker refuses what an authority has issued as soon as its CRL is gone, by each refresh."""
        del certificate

    def suspend(self, registration: Registration) -> None:
        """What the broker refuses are the holds that the CRL lists, and its topics are barred."""
        del registration
        self.refresh()

    def withdraw(self, registration: Registration) -> None:
        """What the broker refuses is what the CRL lists: that is fetched now, and by each refresh later."""
        del registration
        self.refresh()

    def _require_crl_of(self, issuer: bytes) -> None:
        if issuer not in self._served:
            self._served = self.refresh()
        if issuer not in self._served:
            raise PrivySealError(
                ErrorCode.UNAVAILABLE,
                "The authority that issues for devices has no CRL that the broker knows of, so its "
                "certificates would be refused. Try again in a moment.",
            )

    def refresh(self) -> frozenset[bytes]:
        """Write what has changed and tell the broker; the names of the issuers whose CRLs it knows.

        None as long as it could not be told: the next refresh tries again. A broker that has been told
        or has nothing to be told of may be down: it reads the files when it starts.
        """
        with self._alone():
            crls = self._crls()
            changed = files.write_changed(
                self._folder, self._roots(), crls, files.acl(self._topics, self._barred())
            )
            knows = not (changed or files.is_untold(self._folder)) or self._is_told()
        return frozenset(each.issuer for each in crls) if knows else frozenset()

    def _is_told(self) -> bool:
        try:
            self._tell()
        except PrivySealError as error:
            if self._failure != error.message:  # once, not with every look
                log.warning("broker_not_told", error=error.message, folder=str(self._folder))
            self._failure = error.message
            return False
        files.told(self._folder)
        self._failure = ""
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """What is read inside is newer than what anybody else has written before."""
        with self._thread:
            try:
                self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
                descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise files.unwritable(self._folder, error) from error
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)
