"""Registrars come to what is wanted of them, step by step, however often one of them is away.

What is behind is in the database, so it survives whatever happens to a process, and every process may
look for it: who takes a step has it to itself until its lease is over. A registrar that cannot be
reached is tried with one step every few seconds; the others wait for that one to succeed.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from privyseal import log
from privyseal.caller import Caller
from privyseal.devices import limits
from privyseal.devices.identities import Identity, IdentityState, Registration
from privyseal.devices.identity_ports import Identities
from privyseal.devices.ports import Registrar
from privyseal.devices.reach import Reach
from privyseal.devices.step_ports import Steps
from privyseal.devices.steps import Step, StepState
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import new_id
from privyseal.store import Store, Tx

PRINCIPAL = "service:registrars"
# What was wanted → the action that the journal has.
ACTIONS: Mapping[StepState, str] = {
    StepState.DONE: "privyseal:RegisterDeviceCertificate",
    StepState.SUSPENDED: "privyseal:SuspendDeviceCertificate",
    StepState.WITHDRAWN: "privyseal:UnregisterDeviceCertificate",
}

# After these the registrar itself is in question; after any other error, this certificate there.
AWAY = frozenset({ErrorCode.UNAVAILABLE, ErrorCode.THROTTLED})
_MAX_PROBLEM = 500


class StepWork:
    def __init__(
        self,
        store: Store,
        identities: Identities,
        steps: Steps,
        registrars: Mapping[str, Registrar],
        reach: Reach,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._identities = identities
        self._steps = steps
        self._registrars = registrars
        self._reach = reach
        self._now = now
        self._probe_at: dict[str, float] = {}

    def catch_up(self, stopping: threading.Event) -> None:
        """All that is due now, of all registrars at the same time: none waits for one that is slow."""
        if not self._registrars:
            return
        with ThreadPoolExecutor(len(self._registrars), "registrar") as threads:
            turns = [threads.submit(self._catch_up, name, stopping) for name in self._registrars]
        for turn in turns:
            turn.result()

    def waiting(self, tx: Tx) -> bool:
        """Whether `catch_up` would find something to do."""
        return any(self._is_to_be_tried(name) and self._steps.due(tx, name) for name in self._registrars)

    def carry_out(self, identity: Identity) -> None:
        """What is due of one certificate, now. What somebody else is at, or fails, stays behind."""
        for step in self._store.view(lambda tx: self._steps.of(tx, identity)).values():
            if step.due_at is not None and step.registrar in self._registrars:
                begun = self._store.transact(lambda tx, step=step: self._begin(tx, step))  # type: ignore[misc]
                if begun:
                    self._do(begun, identity)

    def _catch_up(self, name: str, stopping: threading.Event) -> None:
        """One step says whether the registrar can be reached; then several are done at once."""
        if not self._do_next(name, stopping) or not self._store.view(lambda tx: self._steps.due(tx, name)):
            return
        with ThreadPoolExecutor(limits.STEPS_AT_ONCE, f"registrar {name}") as threads:
            turns = [threads.submit(self._work_off, name, stopping) for _ in range(limits.STEPS_AT_ONCE)]
        for turn in turns:
            turn.result()

    def _work_off(self, name: str, stopping: threading.Event) -> None:
        while self._do_next(name, stopping):
            pass

    def _do_next(self, name: str, stopping: threading.Event) -> bool:
        """False where there is nothing to do, or not now."""
        if not self._is_to_be_tried(name) or stopping.is_set():
            return False
        begun = self._store.transact(lambda tx: self._begin_next(tx, name))
        if begun is None:
            return False
        self._do(*begun)
        return self._is_to_be_tried(name)

    def _begin_next(self, tx: Tx, name: str) -> tuple[Step, Identity] | None:
        step = self._steps.due(tx, name)
        begun = self._begin(tx, step) if step else None
        if begun is None:
            return None
        identity = self._identities.find(tx, begun.account, begun.device_id, begun.arn)
        assert identity is not None  # identities are never deleted
        return begun, identity

    def _begin(self, tx: Tx, step: Step) -> Step | None:
        begun = replace(step, leased_until=tx.now + limits.STEP_LEASE)
        return begun if self._steps.begin(tx, begun, tx.now + limits.STEP_LEASE) else None

    def _do(self, step: Step, identity: Identity) -> None:
        try:
            reference = self._ask(step, identity.registration(step.reference))
        except PrivySealError as error:
            self._failed(step, error)
            return
        self._probe_at.pop(step.registrar, None)
        self._reach.found(step.registrar)
        self._store.transact(lambda tx: self._finish(tx, step, reference))

    def _ask(self, step: Step, told: Registration) -> str:
        registrar = self._registrars[step.registrar]
        if step.wanted is StepState.DONE:
            return registrar.register(told)
        if step.wanted is StepState.SUSPENDED:
            registrar.suspend(told)
        else:
            registrar.withdraw(told)
        return step.reference

    def _finish(self, tx: Tx, step: Step, reference: str) -> None:
        if self._steps.finish(tx, step, reference):
            caller = Caller(PRINCIPAL, step.account, new_id())
            told = {"certificate_arn": step.arn, "registrar": step.registrar}
            tx.record(entry(ACTIONS[step.wanted], caller, f"device/{step.device_id}", **told))
            if step.wanted is StepState.WITHDRAWN:
                self._hand_back(tx, step)

    def _hand_back(self, tx: Tx, step: Step) -> None:
        """Retirement has met somebody at a step and left: with the last one it can end what it has begun."""
        identity = self._identities.find(tx, step.account, step.device_id, step.arn)
        if identity is None or identity.state is not IdentityState.WITHDRAWING:
            return
        if all(each.state is StepState.WITHDRAWN for each in self._steps.of(tx, identity).values()):
            self._identities.set_state(tx, identity, IdentityState.WITHDRAWING, tx.now)

    def _failed(self, step: Step, error: PrivySealError) -> None:
        name, away = step.registrar, error.code in AWAY
        log.warning("device_registrar_behind", registrar=name, arn=step.arn, error=str(error))
        if away:
            self._reach.lost(name)
            self._probe_at[name] = self._now() + limits.PROBE.total_seconds()
        pause = pause_after(step.attempts, limits.STEP_PAUSE_AWAY if away else limits.STEP_PAUSE)

        def write(tx: Tx) -> None:
            self._steps.fail(tx, step, error.message[:_MAX_PROBLEM], tx.now + pause)

        self._store.transact(write)

    def _is_to_be_tried(self, name: str) -> bool:
        return self._now() >= self._probe_at.get(name, 0.0)


def pause_after(attempts: int, most: timedelta) -> timedelta:
    """Until the next attempt, after so many that have failed before: twice as long each time."""
    return min(limits.PROBE * (1 << min(attempts, 16)), most)
