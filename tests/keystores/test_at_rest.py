"""No private key is ever written in clear: the database's files are searched for every part of it."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from privyseal.ca.model import StoredKey
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.ca.service import CertificateAuthorities
from privyseal.clock import FixedClock
from privyseal.keystores.software import SoftwareKeyStore
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.sqlite import SqliteStore
from privyseal.wrapping import Wrapper, new_kek
from privyseal.x509.algorithms import PrivateKey
from privyseal.x509.keys import public_key_der
from tests.ca.world import CALLER, NOW, create_request, issue_request
from tests.publishers.memory import MemoryPublisher

KINDS = {"EC_prime256v1": "SHA256WITHECDSA", "RSA_2048": "SHA256WITHRSA", "ML_DSA_44": "ML_DSA_44"}


class Remembering(SoftwareKeyStore):
    """Keeps what it made, for the search."""

    made: list[PrivateKey]

    def create(self, key_id: str, key_algorithm: str) -> tuple[StoredKey, PrivateKey]:
        stored, key = super().create(key_id, key_algorithm)
        self.made = [*getattr(self, "made", []), key]
        return stored, key


def secrets(key: PrivateKey) -> Iterator[bytes]:
    """Every part of a key that would give it away, as octets."""
    yield key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        yield key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8)
    elif isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        for part in (numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp):
            yield part.to_bytes((part.bit_length() + 7) // 8)
    else:
        assert isinstance(key, mldsa.MLDSA44PrivateKey)
        yield key.private_bytes_raw()


def forms(secret: bytes) -> Iterator[bytes]:
    """As octets, as hex, and as base64 at each of its three alignments."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for skip in range(3):
        yield base64.b64encode(secret[skip : len(secret) - (len(secret) - skip) % 3])


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(name="used")
def used_fixture(tmp_path: Path) -> Iterator[tuple[Any, Remembering, Path]]:
    """A database whose authorities have keys of every family and have signed with them."""
    clock = FixedClock(NOW)
    store = SqliteStore(tmp_path / "privyseal.db", clock)
    store.migrate()
    keys = Remembering(Wrapper(new_kek()))
    ca = CertificateAuthorities(
        store, REPOSITORIES, keys, MemoryPublisher(), urls=StatusUrls("http://pki.example")
    )
    for algorithm, signing in KINDS.items():
        request = create_request(key_algorithm=algorithm, signing_algorithm=signing)
        arn = str(ca.creation.create(request))
        own = ca.authorities.csr(CALLER, arn).encode()
        template = "arn:aws:acm-pca:::template/RootCACertificate/V1"
        assert ca.issue_now(issue_request(arn, own, signing_algorithm=signing, template_arn=template))
    yield store, keys, tmp_path
    ca.close()
    store.close()


def test_no_part_of_a_private_key_is_in_the_files_of_the_database(
    used: tuple[SqliteStore, Remembering, Path],
) -> None:
    store, keys, folder = used
    while_open = written(folder)
    store.close()
    after_close = written(folder)
    assert "privyseal.db-wal" in while_open
    assert len(keys.made) == len(KINDS)
    for content in (*while_open.values(), *after_close.values()):
        for key in keys.made:
            assert not [form for secret in secrets(key) for form in forms(secret) if form in content]


def test_the_search_would_find_what_is_written(used: tuple[SqliteStore, Remembering, Path]) -> None:
    """The public keys are there; so would be the private ones."""
    _, keys, folder = used
    everything = b"".join(written(folder).values())
    for key in keys.made:
        assert public_key_der(key.public_key())[:64] in everything
