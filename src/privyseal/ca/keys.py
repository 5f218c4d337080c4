"""Opened keys are kept: loading an RSA key costs many signatures, so it happens once."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock

from privyseal.ca.model import Authority, StoredKey
from privyseal.ca.ports import KeyStore
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.algorithms import PrivateKey

MAX_OPEN = 256


class OpenKeys:
    """The signing keys of the authorities in use, at most `MAX_OPEN`, the least used dropped first."""

    def __init__(self, key_store: KeyStore) -> None:
        self._key_store = key_store
        self._keys: OrderedDict[str, PrivateKey] = OrderedDict()
        self._lock = Lock()

    def create(self, authority_id: str, key_algorithm: str) -> tuple[StoredKey, PrivateKey]:
        return self._key_store.create(authority_id, key_algorithm)

    def of(self, authority: Authority) -> PrivateKey:
        authority_id = authority.arn.id
        with self._lock:
            if key := self._keys.get(authority_id):
                self._keys.move_to_end(authority_id)
                return key
        key = self._key_store.open(authority_id, authority.key)
        with self._lock:
            self._keys[authority_id] = key
            while len(self._keys) > MAX_OPEN:
                self._keys.popitem(last=False)
        return key


class KeyStores:
    """Several key stores as one, which implements `ca.ports.KeyStore`: `home` makes new keys, `others` by the
    scheme of their keys are opened when a key of theirs is wanted.
    """

    def __init__(self, home: KeyStore, others: Mapping[str, Callable[[], KeyStore]]) -> None:
        self._home = home
        self._others = others
        self._opened: dict[str, KeyStore] = {}
        self._lock = Lock()

    def create(self, key_id: str, key_algorithm: str) -> tuple[StoredKey, PrivateKey]:
        return self._home.create(key_id, key_algorithm)

    def open(self, key_id: str, stored: StoredKey) -> PrivateKey:
        if stored.scheme not in self._others:
            return self._home.open(key_id, stored)
        try:
            store = self._other(stored.scheme)
        except PrivySealError as error:
            raise PrivySealError(ErrorCode.UNAVAILABLE, error.message) from error
        return store.open(key_id, stored)

    def _other(self, scheme: str) -> KeyStore:
        with self._lock:
            if scheme not in self._opened:
                self._opened[scheme] = self._others[scheme]()
            return self._opened[scheme]
