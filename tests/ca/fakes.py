"""Fakes at the ports of the CA domain: they do their work, and count, fail and look in on request."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.ca.model import StoredKey
from privyseal.ca.ports import KeyStore
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.keystores.software import SoftwareKeyStore
from privyseal.store import Store, Tx
from privyseal.wrapping import Wrapper
from privyseal.x509.algorithms import PrivateKey

T = TypeVar("T")

KEK = bytes(32)


class Interrupted(Store):
    """A store that does something just before a commit starts, or loses commits at their very end."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner
        self.before_commit: Callable[[], None] = lambda: None
        self.commits_to_lose = 0
        self.commits = 0
        self.views = 0
        self.open = 0  # transactions and views that run now

    def view(self, read: Callable[[Tx], T]) -> T:
        self.views += 1
        return self._inner.view(self._counted(read))

    def transact(self, write: Callable[[Tx], T]) -> T:
        act, self.before_commit = self.before_commit, lambda: None  # once
        act()

        def write_and_lose(tx: Tx) -> T:
            result = write(tx)
            if self.commits_to_lose:
                self.commits_to_lose -= 1
                raise PrivySealError(ErrorCode.UNAVAILABLE, "The disk is full.")
            return result

        result = self._inner.transact(self._counted(write_and_lose))
        self.commits += 1
        return result

    def generation(self) -> int | None:
        return self._inner.generation()

    def _counted(self, run: Callable[[Tx], T]) -> Callable[[Tx], T]:
        def counted(tx: Tx) -> T:
            self.open += 1
            try:
                return run(tx)
            finally:
                self.open -= 1

        return counted


class ForwardingKey(ec.EllipticCurvePrivateKey):
    """A key that is somewhere else, as in a token or a KMS: it forwards `sign` and knows no secret."""

    def __init__(self, inner: ec.EllipticCurvePrivateKey, when_signing: Callable[[], None]) -> None:
        self._inner = inner
        self._when_signing = when_signing

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        self._when_signing()
        return self._inner.sign(data, signature_algorithm)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._inner.public_key()

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._inner.curve

    @property
    def key_size(self) -> int:
        return self._inner.key_size

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        raise NotImplementedError

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        raise NotImplementedError

    def private_bytes(self, *_: Any) -> bytes:
        raise NotImplementedError

    def __copy__(self) -> "ForwardingKey":
        raise NotImplementedError

    def __deepcopy__(self, memo: dict[Any, Any]) -> "ForwardingKey":
        raise NotImplementedError


class WatchedKeys(KeyStore):
    """The software key store, counted; a key can be lost or spoiled."""

    def __init__(self) -> None:
        self._inner = SoftwareKeyStore(Wrapper(KEK))
        self.made: dict[str, PrivateKey] = {}
        self.opened: list[str] = []
        self.lost: set[str] = set()
        self.spoiled: set[str] = set()
        self.when_signing: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def create(self, key_id: str, key_algorithm: str) -> tuple[StoredKey, PrivateKey]:
        stored, key = self._inner.create(key_id, key_algorithm)
        self.made[key_id] = key
        return stored, key

    def open(self, key_id: str, stored: StoredKey) -> PrivateKey:
        with self._lock:
            self.opened.append(key_id)
        if key_id in self.lost:
            raise PrivySealError(ErrorCode.UNAVAILABLE, "The key cannot be had now.")
        if key_id in self.spoiled:
            raise ZeroDivisionError("a defect in a key store")
        key = self._inner.open(key_id, stored)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return ForwardingKey(key, self.when_signing)
