"""The RFC 6962 §2.1 Merkle tree, grown leaf by leaf: only its frontier is kept.

The frontier of a tree of n leaves is its perfect subtrees from the largest to the smallest, one
for each bit that is set in n: at most 64 hashes, from which the tree grows on and its root follows.
"""

import hashlib
from collections.abc import Iterable

HASH_BYTES = 32


def leaf_hash(content: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Starts empty, or from the `size` and `frontier` of another one."""

    def __init__(self, size: int = 0, frontier: bytes = b"") -> None:
        """Raises ValueError for a frontier that is not one of `size` leaves."""
        if size < 0 or len(frontier) != HASH_BYTES * size.bit_count():
            message = f"{len(frontier)} bytes are not the frontier of a tree of {size} leaves"
            raise ValueError(message)
        self.size = size
        self._peaks = [frontier[at : at + HASH_BYTES] for at in range(0, len(frontier), HASH_BYTES)]

    @property
    def frontier(self) -> bytes:
        return b"".join(self._peaks)

    def append(self, leaf: bytes) -> None:
        """`leaf` is a leaf hash. Two subtrees of one size become one of twice the size."""
        joined = self.size
        while joined & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            joined >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root
