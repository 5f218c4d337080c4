"""What the files of operations have in common."""

from privyseal.frontends.aws.calling import Pool
from privyseal.managed.service import Managed


class Subject:
    def __init__(self, managed: Managed, pool: Pool) -> None:
        self._managed = managed
        self._pool = pool
