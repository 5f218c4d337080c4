"""A number that every process of a database sees: how often something was committed that makes kept
answers wrong.

It is odd while such a commit is under way. Only who holds the database's write lock changes it; a
process that dies in between leaves it odd, which tells everybody to trust nothing until the next
such commit, or the next start, has made it even.
"""

import mmap
import os

_SIZE = 8  # octets: one 64-bit number, read and written at once


class Generation:
    """In the open file `descriptor`; in this process alone where there is none."""

    def __init__(self, descriptor: int | None) -> None:
        memory = mmap.mmap(-1, _SIZE) if descriptor is None else _mapped(descriptor)
        self._number = memoryview(memory).cast("Q")

    def read(self) -> int | None:
        """The number, or None while a commit is under way."""
        number = self._number[0]
        return None if number & 1 else number

    def begin(self) -> None:
        """Before the commit."""
        self._number[0] |= 1

    def end(self) -> None:
        """After it, however it ended."""
        if self._number[0] & 1:
            self._number[0] += 1


def _mapped(descriptor: int) -> mmap.mmap:
    if os.fstat(descriptor).st_size < _SIZE:
        # Written, not only extended: a full disk is an error here, and no signal later.
        os.pwrite(descriptor, bytes(_SIZE), 0)
    return mmap.mmap(descriptor, _SIZE)
