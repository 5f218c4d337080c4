"""Rotations are carried out here, in the background, one step after the other.

A step acts first (`acts.py`), outside any transaction, then the row moves on in a commit of its own. An
act finds what an earlier attempt has left and makes nothing twice, so a step that was cut short by
kill -9 is simply done again, by whichever process comes first; two at once meet in the row's version.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Event as Stopping

from privyseal import log
from privyseal.devices.ca_rotation.acts import Acts, MissingError, Outcome
from privyseal.devices.ca_rotation.model import (
    PAUSES,
    TRANSITIONS,
    Done,
    Event,
    Rotation,
    State,
    following,
)
from privyseal.devices.ca_rotation.ports import CaRotations
from privyseal.errors import PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store, Tx

ACTION = "privyseal:RotateCa"
# How often a process looks for rotations, in seconds.
LOOK_S = 2.0
# What fails is tried again: soon at first, then less and less often.
_LONGEST = timedelta(minutes=1)
# What is not done yet is looked at again.
_SOON = timedelta(seconds=1)


class CaRotationWork:
    def __init__(self, store: Store, rotations: CaRotations, acts: Acts, renamed: Callable[[], None]) -> None:
        """`renamed` as of `orders.CaRotating`."""
        self._store = store
        self._rotations = rotations
        self._acts = acts
        self._renamed = renamed

    def waiting(self, tx: Tx) -> bool:
        """Whether a step is due."""
        return self._rotations.due(tx) is not None

    def work(self, stopping: Stopping) -> None:
        """Every step that is due."""
        while not stopping.is_set():
            rotation = self._store.view(self._rotations.due)
            if rotation is None:
                return
            self.advance(rotation)

    def advance(self, rotation: Rotation) -> None:
        """One step of it, or a pause before it."""
        if rotation.step is PAUSES[rotation.until]:
            self._put(rotation, Event.REACHED)
            return
        try:
            outcome = self._acts.act(rotation)
        except MissingError as missing:
            self._put(rotation, Event.MISSING, failure=str(missing))
        except PrivySealError as error:
            log.warning(
                "a rotation could not go on", rotation=rotation.id, step=rotation.step, error=str(error)
            )
            self._postpone(rotation, error.message)
        else:
            self._store.transact(lambda tx: self._done(tx, rotation, outcome))
            self._renamed()

    def _done(self, tx: Tx, rotation: Rotation, outcome: Outcome) -> None:
        """The row moves on; unless somebody else has moved it, or has aborted it meanwhile."""
        changed = replace(
            rotation,
            new=outcome.new or rotation.new,
            mass_revocation=outcome.mass_revocation or rotation.mass_revocation,
            failure=outcome.failure,
            attempts=0,
            due_at=tx.now if outcome.is_done else tx.now + _SOON,
            version=rotation.version + 1,
        )
        if outcome.is_done:
            step = following(rotation.step)
            event = Event.STEP_DONE if step else Event.ENDED
            finished = None if step else tx.now
            state = TRANSITIONS[rotation.state, event]
            changed = replace(changed, state=state, step=step or rotation.step, finished_at=finished)
        if not self._rotations.update(tx, changed):
            return
        if outcome.commit:
            outcome.commit(tx)
        if outcome.is_done:
            self._rotations.put_done(tx, rotation.id, Done(rotation.step, tx.now, outcome.detail))
            detail = {"rotation": rotation.id, "step": rotation.step.value, "new": changed.new}
            tx.record(entry(ACTION, rotation.caller, str(rotation.old), **detail))

    def _put(self, rotation: Rotation, event: Event, failure: str | None = None) -> None:
        state: State = TRANSITIONS[rotation.state, event]
        changed = replace(rotation, state=state, failure=failure, version=rotation.version + 1)
        self._store.transact(lambda tx: self._rotations.update(tx, changed))

    def _postpone(self, rotation: Rotation, failure: str) -> None:
        wait = min(_SOON * 2**rotation.attempts, _LONGEST) if rotation.attempts < 10 else _LONGEST

        def write(tx: Tx) -> None:
            changed = replace(
                rotation,
                failure=failure,
                attempts=rotation.attempts + 1,
                due_at=tx.now + wait,
                version=rotation.version + 1,
            )
            self._rotations.update(tx, changed)

        self._store.transact(write)
