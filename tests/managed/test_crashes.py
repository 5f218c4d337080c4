"""A process dies between key, issue and commit: another goes on, and there is one certificate."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from privyseal.ca.requests import Issued, IssueRequest
from privyseal.clock import FixedClock
from privyseal.errors import PrivySealError
from privyseal.managed.issuing import LEASE
from privyseal.managed.states import Status
from privyseal.store import Store, Tx
from privyseal.stores.sqlite import SqliteStore
from tests.ca.world import CALLER, NOW, World
from tests.managed.kept import PASSPHRASE, Kept

T = TypeVar("T")

# Longer than an idempotency token of IssueCertificate counts.
MUCH_LATER = timedelta(hours=1)
# Before and after each of: claim, the authority's commit and its signature, settlement.
STEPS = range(8)


class DiesError(BaseException):
    """The end of a process: nothing in it catches this."""


class Mortal:
    """Counts steps, and dies at one of them."""

    def __init__(self) -> None:
        self.left: int | None = None

    def step(self) -> None:
        if self.left == 0:
            raise DiesError
        if self.left is not None:
            self.left -= 1


class MortalStore(Store):
    """Each commit is two steps: before it, and after it."""

    def __init__(self, inner: Store, mortal: Mortal) -> None:
        self._inner = inner
        self._mortal = mortal

    def view(self, read: Callable[[Tx], T]) -> T:
        return self._inner.view(read)

    def transact(self, write: Callable[[Tx], T]) -> T:
        self._mortal.step()
        result = self._inner.transact(write)
        self._mortal.step()
        return result

    def generation(self) -> int | None:
        return self._inner.generation()


class Process:
    def __init__(self, path: Path, clock: FixedClock) -> None:
        self.mortal = Mortal()
        self._database = SqliteStore(path, clock)
        self._database.migrate()
        world = World(MortalStore(self._database, self.mortal), clock)

        def issue(requests: Sequence[IssueRequest]) -> Sequence[Issued | PrivySealError]:
            self.mortal.step()
            answers = world.ca.issuance.issue(requests)
            self.mortal.step()
            return answers

        self.kept = Kept(world, issue=issue)

    def close(self) -> None:
        self.kept.close()
        self.kept.world.ca.close()
        self._database.close()


@pytest.fixture(name="processes")
def processes_fixture(tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    """Two on one database."""
    clock = FixedClock(NOW)
    first, second = (Process(tmp_path / "privyseal.db", clock) for _ in range(2))
    second.kept.world.keys = first.kept.world.keys
    yield first, second
    first.close()
    second.close()


def matches(kept: Kept, arn: str) -> bool:
    """Whether what is exported is a key and its certificate, as other software sees them."""
    exported = kept.managed.exporting.export(CALLER, arn, PASSPHRASE)
    key = load_pem_private_key(exported.private_key.encode(), PASSPHRASE)
    return x509.load_pem_x509_certificate(exported.certificate.encode()).public_key() == key.public_key()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("later", [LEASE, MUCH_LATER])
def test_whoever_goes_on_with_a_request_makes_one_certificate(
    processes: tuple[Process, Process], step: int, later: timedelta
) -> None:
    first, second = processes
    authority = first.kept.authority()
    arn = first.kept.request(authority)
    first.mortal.left = step
    with pytest.raises(DiesError):
        first.kept.run()
    second.kept.wait(later)
    assert second.kept.row(arn).status is Status.ISSUED
    assert second.kept.serials(authority) == {serial(second.kept, arn)}
    assert len(second.kept.entries("acm:IssueManagedCertificate", arn)) == 1
    assert matches(second.kept, arn)


@pytest.mark.parametrize("step", STEPS)
def test_whoever_goes_on_with_a_renewal_makes_one_certificate_more(
    processes: tuple[Process, Process], step: int
) -> None:
    first, second = processes
    authority = first.kept.authority()
    arn = first.kept.exported(authority)
    before = serial(first.kept, arn)
    first.kept.managed.renewing.force(CALLER, arn)
    first.mortal.left = step
    with pytest.raises(DiesError):
        first.kept.run()
    second.kept.wait(MUCH_LATER)
    after = serial(second.kept, arn)
    assert after != before
    assert second.kept.serials(authority) == {before, after}
    assert len(second.kept.entries("acm:RenewManagedCertificate", arn)) == 1
    assert matches(second.kept, arn)


def test_these_are_all_steps(processes: tuple[Process, Process]) -> None:
    process = processes[0]
    process.kept.request(process.kept.authority())
    process.mortal.left = len(STEPS)
    process.kept.run()
    assert process.mortal.left == 0


def test_two_processes_that_find_the_same_request_make_one_certificate(
    processes: tuple[Process, Process],
) -> None:
    first, second = processes
    authority = first.kept.authority()
    arns = [first.kept.request(authority, f"host-{n}.example.com") for n in range(3)]
    # The second one comes by while the first is about to issue.
    first.mortal.left = 2
    with pytest.raises(DiesError):
        first.kept.run()
    second.kept.run()
    assert [second.kept.row(arn).status for arn in arns] == [Status.PENDING_VALIDATION] * 3
    second.kept.wait(LEASE)
    assert second.kept.serials(authority) == {serial(second.kept, arn) for arn in arns}


def serial(kept: Kept, arn: str) -> int:
    material = kept.row(arn).material
    assert material is not None
    return material.serial
