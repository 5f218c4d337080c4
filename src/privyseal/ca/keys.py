"""Opened keys are kept: loading an RSA key costs many signatures, so it happens once."""

from collections import OrderedDict
from threading import Lock

from privyseal.ca.model import Authority, StoredKey
from privyseal.ca.ports import KeyStore
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
