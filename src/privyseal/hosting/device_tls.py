"""TLS for devices that come with a certificate: it must lead to an authority that issues for them.

These authorities are trusted themselves, not their root, so a device need not send its chain, and what
other authorities below the same root have issued is refused in the handshake. Which ones they are is looked
up at a handshake, when something in the database has changed since the last one: a rotation of the
authority needs no restart.
"""

import ssl
from collections.abc import Callable, Iterable
from typing import Any

from privyseal import log
from privyseal.errors import PrivySealError
from privyseal.store import Store

# PEM certificates of the authorities that issue for devices, or have.
Authorities = Callable[[], Iterable[str]]


def device_context(certificate: str, key: str, authorities: Authorities, store: Store) -> ssl.SSLContext:
    """`certificate` and `key` are PEM files of the service. Clients must have a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_cert_chain(certificate, key)
    trust = _Trust(context, authorities, store)
    trust.look()
    context.sni_callback = trust.at_handshake  # called for every handshake, with or without a name
    return context


class _Trust:
    """What a context trusts only grows: whether a certificate may be used now is asked of the database."""

    def __init__(self, context: ssl.SSLContext, authorities: Authorities, store: Store) -> None:
        self._context = context
        self._authorities = authorities
        self._store = store
        self._known: set[str] = set()
        self._generation: int | None = None

    def at_handshake(self, *_: Any) -> None:
        if self._generation is None or self._generation != self._store.generation():
            self.look()

    def look(self) -> None:
        generation = self._store.generation()
        try:
            found = set(self._authorities())
        except PrivySealError as error:
            log.warning("the authorities of devices cannot be read", error=str(error))
            return
        for pem in found - self._known:
            self._context.load_verify_locations(cadata=pem)
        self._known |= found
        self._generation = generation
