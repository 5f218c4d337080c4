"""Rotations, ordered and looked at. `work.py` carries them out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from privyseal.ca.lookup import find_authority
from privyseal.ca.model import Authority
from privyseal.ca.revocation.below import with_all_below
from privyseal.ca.revocation.mass_model import Filter
from privyseal.ca.revocation.reasons import AWS_REASONS
from privyseal.ca.service import CertificateAuthorities
from privyseal.caller import Caller
from privyseal.devices.ca_rotation.inheritance import Inheritance, inheritance
from privyseal.devices.ca_rotation.model import (
    PAUSES,
    REVERSIBLE,
    TRANSITIONS,
    Done,
    Event,
    Plan,
    Rotation,
    State,
    Step,
    Until,
)
from privyseal.devices.ca_rotation.plan import Wishes, planned
from privyseal.devices.ca_rotation.ports import Rows
from privyseal.devices.succession import Issuing
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import new_id
from privyseal.store import Store, Tx

STARTED = "privyseal:StartCaRotation"
RESUMED = "privyseal:ResumeCaRotation"
ABORTED = "privyseal:AbortCaRotation"

# Where a page ends: the (created_at, id) of its last row.
Position = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class StartRequest:
    caller: Caller
    wishes: Wishes
    reason: str
    until: Until


@dataclass(frozen=True, slots=True)
class Preview:
    """What `start` would begin; nothing is changed. `certificates` are those that it will revoke."""

    old: Authority
    plan: Plan
    taken: Inheritance
    registrars: Sequence[str]
    devices: int
    certificates: int


@dataclass(frozen=True, slots=True)
class Progress:
    """A rotation as it stands. `waiting` devices still have their certificate from the old authority."""

    rotation: Rotation
    done: Sequence[Done]
    devices_over: int
    devices_waiting: int
    csr: str | None  # PEM: what a certificate is waited for


class CaRotating:
    def __init__(
        self,
        store: Store,
        rows: Rows,
        authorities: CertificateAuthorities,
        *,
        issuing: Issuing | None,
        registrars: Sequence[str],
        wake: Callable[[], None],
        renamed: Callable[[], None],
    ) -> None:
        """Without `issuing` devices get their certificates from somebody else, who is rotated there.
        `renamed` notes who issues now, as the database has it, where people look for that; calling it again
        does no harm.
        """
        self._store = store
        self._rows = rows.ca
        self._authorities = authorities
        self._rotations = rows.rotations
        self._successions = rows.successions
        self._issuing = issuing
        self._registrars = registrars
        self._wake = wake
        self._renamed = renamed

    def preview(self, request: StartRequest) -> Preview:
        def read(tx: Tx) -> Preview:
            old, plan, taken = self._plan(tx, request)
            below = with_all_below(tx, self._rows, old)
            orders = self._rows.mass_revocations
            count = sum(orders.count_candidates(tx, each.arn.id, Filter()) for each in below)
            devices = self._rotations.devices_of(tx, old.arn.account, str(old.arn))
            return Preview(old, plan, taken, self._registrars, devices, count)

        return self._store.view(read)

    def start(self, request: StartRequest) -> Progress:
        """Raises IN_PROGRESS while another one is unfinished, and as `planned` and `inheritance` do."""

        def write(tx: Tx) -> Rotation:
            old, plan, _ = self._plan(tx, request)
            rotation = Rotation(
                id=new_id(),
                old=old.arn,
                new=None,
                plan=plan,
                reason=request.reason,
                state=State.RUNNING,
                step=Step.CREATE,
                until=request.until,
                revoked_elsewhere=False,
                mass_revocation=None,
                failure=None,
                attempts=0,
                due_at=tx.now,
                caller=request.caller,
                created_at=tx.now,
                finished_at=None,
                version=1,
            )
            self._rotations.insert(tx, rotation)
            tx.record(
                entry(STARTED, request.caller, str(old.arn), rotation=rotation.id, reason=request.reason)
            )
            return rotation

        rotation = self._store.transact(write)
        self._wake()
        return self.show(request.caller, rotation.id)

    def show(self, caller: Caller, rotation_id: str) -> Progress:
        """Raises NOT_FOUND."""
        return self._store.view(lambda tx: self._progress(tx, self._find(tx, caller, rotation_id)))

    def page(
        self, caller: Caller, after: Position | None, limit: int
    ) -> tuple[Sequence[Progress], Position | None]:
        """One page in order of time, and the position after it; None at the end."""

        def read(tx: Tx) -> tuple[Sequence[Progress], Position | None]:
            found = self._rotations.page(tx, caller.account, after, limit + 1)
            last = found[limit - 1] if len(found) > limit else None
            shown = [self._progress(tx, each) for each in found[:limit]]
            return shown, (last.created_at, last.id) if last else None

        return self._store.view(read)

    def resume(
        self,
        caller: Caller,
        rotation_id: str,
        until: Until,
        *,
        certificate: bytes | None = None,
        chain: bytes | None = None,
        revoked_elsewhere: bool = False,
    ) -> Progress:
        """Go on, as far as `until`; what was waited for comes along.

        Raises INVALID_STATE for one that has ended, and what an import of a CA certificate raises.
        """
        found = self.show(caller, rotation_id).rotation
        _after(found, Event.RESUMED)
        if certificate is not None:
            if found.step is not Step.CERTIFY or found.new is None:
                raise PrivySealError(
                    ErrorCode.INVALID_STATE, f"No certificate is waited for: the next step is {found.step}."
                )
            self._authorities.certification.install(caller, found.new, certificate, chain)

        def write(tx: Tx) -> None:
            rotation = self._find(tx, caller, rotation_id)
            pause = PAUSES[until]
            if pause is rotation.step and rotation.state is State.PAUSED:
                raise PrivySealError(
                    ErrorCode.INVALID_STATE, f"It has come as far as {until} already: say how far to go on."
                )
            changed = replace(
                rotation,
                state=_after(rotation, Event.RESUMED),
                until=until,
                revoked_elsewhere=rotation.revoked_elsewhere or revoked_elsewhere,
                failure=None,
                attempts=0,
                due_at=tx.now,
                version=rotation.version + 1,
            )
            self._update(tx, changed)
            detail = {"rotation": rotation.id, "until": until.value, "revoked_elsewhere": revoked_elsewhere}
            tx.record(entry(RESUMED, caller, str(rotation.old), **detail))

        self._store.transact(write)
        self._wake()
        return self.show(caller, rotation_id)

    def abort(self, caller: Caller, rotation_id: str) -> Progress:
        """The old authority issues for devices again; what becomes of the new one `discarding.py` says.
        Raises INVALID_STATE when the old one's certificate has been revoked.
        """

        def write(tx: Tx) -> None:
            rotation = self._find(tx, caller, rotation_id)
            state = _after(rotation, Event.ABORTED)
            begun = rotation.step is Step.REVOKE and rotation.state is State.RUNNING
            if rotation.step not in REVERSIBLE or begun:
                raise PrivySealError(
                    ErrorCode.INVALID_STATE,
                    "The certificate of the old authority is being revoked, or has been: that cannot be "
                    "taken back. Resume the rotation instead.",
                )
            if rotation.new and self._successions.successor(tx, str(rotation.old)) == rotation.new:
                self._successions.remove(tx, str(rotation.old))
                # Whoever has noted the new one as the one that issues comes back from there.
                self._successions.put(tx, rotation.new, str(rotation.old))
                tx.invalidate()
            changed = replace(
                rotation,
                state=state,
                step=Step.DISCARD,
                failure=None,
                attempts=0,
                due_at=tx.now,
                version=rotation.version + 1,
            )
            self._update(tx, changed)
            tx.record(entry(ABORTED, caller, str(rotation.old), rotation=rotation.id, new=rotation.new))

        self._store.transact(write)
        self._renamed()
        self._wake()
        return self.show(caller, rotation_id)

    def _plan(self, tx: Tx, request: StartRequest) -> tuple[Authority, Plan, Inheritance]:
        if self._issuing is None:
            raise PrivySealError(
                ErrorCode.INVALID_STATE,
                "Devices do not get their certificates from an authority of this service: rotate it there.",
            )
        if request.reason not in AWS_REASONS:
            text = f"The reason is one of {', '.join(AWS_REASONS)}, not {request.reason!a}."
            raise PrivySealError(ErrorCode.VALIDATION, text)
        if running := self._rotations.unfinished(tx, request.caller.account):
            what = "is being given up" if running.state is State.ABORTING else "is not finished"
            advice = "wait for it" if running.state is State.ABORTING else "resume it, or abort it"
            raise PrivySealError(ErrorCode.IN_PROGRESS, f"The rotation {running.id} {what}: {advice}.")
        old = find_authority(tx, self._rows.authorities, request.caller, self._issuing.current(tx))
        return old, planned(tx, self._rows, old, request.wishes), inheritance(tx, self._rows, old)

    def _find(self, tx: Tx, caller: Caller, rotation_id: str) -> Rotation:
        found = self._rotations.find(tx, caller.account, rotation_id)
        if found is None:
            text = f"There is no rotation {rotation_id!a} in this account."
            raise PrivySealError(ErrorCode.NOT_FOUND, text)
        return found

    def _update(self, tx: Tx, rotation: Rotation) -> None:
        if not self._rotations.update(tx, rotation):
            raise PrivySealError(ErrorCode.CONFLICT, "It has gone on meanwhile: look at it and try again.")

    def _progress(self, tx: Tx, rotation: Rotation) -> Progress:
        account, csr = rotation.old.account, None
        if rotation.state is State.WAITING and rotation.step is Step.CERTIFY and rotation.new:
            csr = find_authority(tx, self._rows.authorities, rotation.caller, rotation.new).csr
        over = self._rotations.devices_of(tx, account, rotation.new) if rotation.new else 0
        waiting = self._rotations.devices_of(tx, account, str(rotation.old))
        return Progress(rotation, self._rotations.done(tx, rotation.id), over, waiting, csr)


def _after(rotation: Rotation, event: Event) -> State:
    state = TRANSITIONS.get((rotation.state, event))
    if state is None:
        raise PrivySealError(
            ErrorCode.INVALID_STATE, f"The rotation {rotation.id} is {rotation.state}: nothing changes that."
        )
    return state
