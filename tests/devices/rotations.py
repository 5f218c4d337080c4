"""One process that rotates the authority of devices: on a store that outlives it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.devices import succession
from privyseal.devices.ca_rotation.acts import Acts, Outcome
from privyseal.devices.ca_rotation.model import Rotation, Step, Until
from privyseal.devices.ca_rotation.orders import CaRotating, Progress, StartRequest
from privyseal.devices.ca_rotation.plan import Wishes
from privyseal.devices.ca_rotation.ports import Rows
from privyseal.devices.ca_rotation.work import CaRotationWork
from privyseal.devices.succession import Issuing
from privyseal.devices.terms import Terms
from privyseal.devices.vending import Enrolled
from privyseal.issuers.local import LocalIssuer
from privyseal.store import Tx
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.ca_rotations import SqlCaRotations, SqlSuccessions
from privyseal.stores.repositories.identities import SqlIdentities
from privyseal.stores.sqlite import SqliteStore
from tests.devices.deployment import OPERATOR, Deployment
from tests.devices.fakes import MemoryRegistrar
from tests.devices.requests import csr

T = TypeVar("T")
KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("one", "two")}
ROWS = Rows(REPOSITORIES, SqlCaRotations(), SqlIdentities(), SqlSuccessions())


class Killed(BaseException):
    """Ends a process between what a step has done and its record."""


class KilledActs(Acts):
    """Acts, and dies before anybody knows; once, at one step."""

    kill_at: Step | None = None

    def act(self, rotation: Rotation) -> Outcome:
        outcome = super().act(rotation)
        if rotation.step is self.kill_at:
            raise Killed
        return outcome


class DeadError(Exception):
    """What a process that was killed answers from then on."""


class MortalStore(SqliteStore):
    """Dies at a commit: before it counts, or after it and before anybody knows."""

    commits_left = -1  # a negative number: it lives on
    commits_first = False
    dead = False

    def view(self, read: Callable[[Tx], T]) -> T:
        if self.dead:
            raise DeadError
        return super().view(read)

    def transact(self, write: Callable[[Tx], T]) -> T:
        if self.dead:
            raise DeadError
        if self.commits_left != 0:
            self.commits_left -= 1
            return super().transact(write)
        self.dead = True
        if self.commits_first:
            super().transact(write)
        raise DeadError


class Process:
    def __init__(self, path: Path, configured: str = "", store: type[SqliteStore] = SqliteStore) -> None:
        self.product = Deployment(path, store=store)
        self.configured = configured or self.product.hierarchy()
        self.registrars = {"here": MemoryRegistrar("here"), "there": MemoryRegistrar("there")}
        self.issuing = Issuing(self.product.store, SqlSuccessions(), lambda: self.configured)
        self.environment = self.configured  # what `privyseal env` would print
        self.before_note: Callable[[], object] = lambda: None
        ca = self.product.authorities
        self.acts = KilledActs(self.product.store, ROWS, ca, self.registrars)
        note = self.note
        self.work = CaRotationWork(self.product.store, ROWS.rotations, self.acts, note)
        self.rotating = CaRotating(
            self.product.store,
            ROWS,
            ca,
            issuing=self.issuing,
            registrars=list(self.registrars),
            wake=lambda: None,
            renamed=note,
        )
        self.issuer = LocalIssuer(
            lambda: Terms(self.issuing()),
            describe=ca.authorities.describe,
            issue=ca.issue_now,
            clock=self.product.clock,
        )
        self.enrolment = self.product.enrolment(self.issuer, self.registrars)

    def note(self) -> None:
        interrupt, self.before_note = self.before_note, lambda: None
        interrupt()
        self.environment = self.product.store.view(
            lambda tx: succession.current(tx, SqlSuccessions(), self.environment)
        )

    def register(self) -> None:
        for name, key in KEYS.items():
            self.product.register(name, key.public_key())

    def enrol(self, name: str) -> Enrolled:
        return self.enrolment.enrol(csr(KEYS[name], name), name, request_id="r")

    def start(self, until: Until = Until.COMPLETED, wishes: Wishes | None = None) -> Progress:
        return self.rotating.start(StartRequest(OPERATOR, wishes or Wishes(), "SUPERSEDED", until))

    def run(self, rotation_id: str) -> Progress:
        """As the background does it, a second after the other, until it stands still."""
        for _ in range(100):
            self.work.work(Event())
            self.product.authorities.mass_work.work(Event())
            found = self.rotating.show(OPERATOR, rotation_id)
            if found.rotation.state.value not in {"RUNNING", "ABORTING"}:
                return found
            self.advance(1)
        raise AssertionError(found)

    def advance(self, seconds: float) -> None:
        self.product.clock.advance(timedelta(seconds=seconds))
