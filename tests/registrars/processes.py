"""`python -m tests.registrars.processes FOLDER URL AUTHORITY COMMIT`: a process that enrols `sensor`.

It prints the certificate, or dies by SIGKILL right after its commit of that number.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from privyseal.store import Tx
from privyseal.stores.sqlite import SqliteStore
from tests.devices.deployment import deployment
from tests.registrars.fleet import enrol, registrars

T = TypeVar("T")
NEVER = 1000


class Mortal(SqliteStore):
    left = NEVER

    def transact(self, write: Callable[[Tx], T]) -> T:
        result = super().transact(write)
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def main(folder: Path, url: str, authority: str, commit: int) -> None:
    with deployment(folder / "privyseal.db", store=Mortal) as product:
        assert isinstance(product.store, Mortal)
        product.store.left = commit
        enrolment = product.enrolment(product.issuer(authority), registrars(url))
        issued = enrol(enrolment, (folder / "request.pem").read_bytes())
        sys.stdout.write(issued.certificate)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
