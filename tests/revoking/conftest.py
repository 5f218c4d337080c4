"""A CA domain with mass revocations and CRLs that run when a test says so."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from privyseal.ca.requests import Issued
from privyseal.ca.revocation.mass import OrderRequest, Progress
from privyseal.ca.revocation.mass_model import Filter, State
from privyseal.ca.revocation.mass_work import MassWork
from privyseal.ca.revocation.named import Name, Outcome, Result, Revoke
from privyseal.errors import PrivySealError
from privyseal.names import AuthorityArn
from tests.ca.world import CALLER, TEMPLATE, World, csr, in_memory, on_one_file
from tests.crl.conftest import Scene
from tests.stores.tables import Row, rows_of

MIDDLE_TEMPLATE = f"{TEMPLATE}SubordinateCACertificate_PathLen2/V1"


class Revoking(Scene):
    """`world` with one process that revokes and makes CRLs when it is told to."""

    def __init__(self, world: World, page: int = 3) -> None:
        super().__init__(world)
        self.mass = world.ca.mass_revoking
        self.work = MassWork(world.store, world.rows, page)

    def issue_many(self, arn: str, count: int, **changes: object) -> list[Issued]:
        return [self.world.issue(arn, csr(f"device-{n}"), **changes) for n in range(count)]

    def named(self, name: Name, reason: str = "KEY_COMPROMISE", *, dry_run: bool = False) -> Result:
        """Revoke what one name means."""
        revoking = self.world.ca.named_revoking
        (result,) = revoking.revoke(CALLER, [Revoke(name, reason)], dry_run=dry_run)
        return result

    def release(self, name: Name) -> Result:
        (result,) = self.world.ca.named_revoking.release(CALLER, [name])
        return result

    def cascade(self, arn: str, *, revoked_elsewhere: bool = False, wait: bool = True) -> Progress:
        request = cascade_below(arn, revoked_elsewhere=revoked_elsewhere)
        progress = self.mass.order(request)
        return self.carry_out(progress) if wait else progress

    def filtered(self, arn: str, wanted: Filter) -> Progress:
        request = OrderRequest(CALLER, arn, wanted, "SUPERSEDED")
        return self.carry_out(self.mass.order(request))

    def carry_out(self, progress: Progress) -> Progress:
        self.work.work(Event())
        return self.show(progress)

    def show(self, progress: Progress) -> Progress:
        return self.mass.show(CALLER, progress.order.id)

    def revoke_authority(self, arn: str) -> None:
        """By its parent, for good."""
        row = self.world.row(arn)
        (found,) = [each for each in self.certificates() if each["der"] == row.certificate]
        parent = next(
            str(each.arn)
            for each in map(self.world.row, self.authorities())
            if each.arn.id == found["authority_id"]
        )
        reason = "CERTIFICATE_AUTHORITY_COMPROMISE"
        self.world.ca.revocation.revoke(CALLER, parent, str(found["serial"]), reason)

    def authorities(self) -> list[str]:
        rows, _ = self.world.ca.authorities.page(CALLER, "eu-central-1", None, 1000)
        return [str(row.arn) for row, _ in rows]

    def rows(self, table: str) -> list[Row]:
        return rows_of(self.world.store, table)

    def certificates(self) -> list[Row]:
        return self.rows("certificate")

    def living(self, arn: str) -> set[int]:
        """Serials of what an authority has issued and nobody has revoked."""
        rows = [each for each in self.certificates() if each["authority_id"] == AuthorityArn.parse(arn).id]
        return {int(each["serial"], 16) for each in rows if each["revoked_at"] is None}


def cascade_below(arn: str, *, revoked_elsewhere: bool = False) -> OrderRequest:
    return OrderRequest(CALLER, arn, None, "CERTIFICATE_AUTHORITY_COMPROMISE", None, revoked_elsewhere)


def arn_of(issued: Issued) -> Name:
    return Name(arn=str(issued.arn))


def outcomes(result: Result) -> list[Outcome]:
    assert not isinstance(result, PrivySealError), result
    return list(result)


def tree(revoking: Revoking) -> tuple[str, str, str, str]:
    """A root, an authority below it, one below that and one more: four levels."""
    root = revoking.world.root()
    high = revoking.world.subordinate(root, f"{TEMPLATE}SubordinateCACertificate_PathLen3/V1")
    middle = revoking.world.subordinate(high, MIDDLE_TEMPLATE)
    return root, high, middle, revoking.world.subordinate(middle)


def serials(issued: Sequence[Issued]) -> set[int]:
    return {each.arn.serial for each in issued}


def state(progress: Progress) -> tuple[State, int]:
    return progress.order.state, sum(step.revoked for _, step in progress.steps)


@pytest.fixture(name="revoking")
def revoking_fixture() -> Iterator[Revoking]:
    with in_memory() as world:
        yield Revoking(world)


@pytest.fixture(name="shared", scope="module")
def shared_fixture() -> Iterator[Revoking]:
    """One for all examples of a property."""
    with in_memory() as world:
        yield Revoking(world)


@pytest.fixture(name="workers")
def workers_fixture(tmp_path: Path) -> Iterator[list[Revoking]]:
    """Two processes on one database."""
    with on_one_file(tmp_path) as worlds:
        yield [Revoking(world) for world in worlds]
