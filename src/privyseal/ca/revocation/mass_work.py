"""Mass revocations are carried out here, in the background, page by page.

The position in an authority's certificates moves in the commit that revokes a page of them. So each
certificate is revoked once, whoever stops in between, and another process goes on from there: an order
is its holder's until a lease runs out, which each page makes longer.

Someone may change an authority of a cascade while it runs: switch it on again, say, or install a new
certificate. Each page compares the version of its authority with the one at which it had stopped
issuing, and the end of an order compares them all; where one differs, the authority is switched off
and gone through again from its first certificate.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Event

from privyseal import log
from privyseal.ca.model import Authority, Certificate
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation import mass_model
from privyseal.ca.revocation.below import is_ca_certificate, key_digest, with_all_below
from privyseal.ca.revocation.mass import switched_off, waiting_for, wanted_of
from privyseal.ca.revocation.mass_model import TRANSITIONS, MassRevocation, Position, Refusal, State, Step
from privyseal.ca.revocation.revoking import mark_revoked
from privyseal.errors import PrivySealError
from privyseal.events.journal import entry
from privyseal.names import CertificateArn, new_id
from privyseal.store import Store, Tx

PAGE = 500  # certificates of one commit: other writers wait for some hundredths of a second
LEASE = timedelta(seconds=5)  # made longer by every page
COUNTING = timedelta(minutes=1)  # counting reads all that an authority has issued
# An order that ends its process each time, or fails each time, is given up.
MAX_ATTEMPTS = 10
ACTION = "privyseal:EndMassRevocation"


class _LostError(Exception):
    """The order is somebody else's by now."""


class MassWork:
    def __init__(self, store: Store, rows: Repositories, page: int = PAGE) -> None:
        self._store = store
        self._rows = rows
        self._orders = rows.mass_revocations
        self._page = page

    def waiting(self, tx: Tx) -> bool:
        return self._orders.is_due(tx) or bool(self._orders.publishing(tx))

    def work(self, stopping: Event) -> None:
        """Carry out every order that nobody holds; then see which ones have their CRLs published."""
        while not stopping.is_set() and self._store.view(self._orders.is_due):
            order = self._store.transact(self._take)
            if order:
                self._carry_out(order, stopping)
        for order in self._store.view(self._published):
            self._store.transact(lambda tx, each=order: self._complete(tx, each))  # type: ignore[misc]

    def _take(self, tx: Tx) -> MassRevocation | None:
        order = self._orders.take(tx, new_id(), tx.now + LEASE)
        if order and order.attempts > MAX_ATTEMPTS:
            self._end(tx, order, mass_model.Event.GIVEN_UP, "It was begun too often: the log says why.")
            return None
        return order

    def _carry_out(self, order: MassRevocation, stopping: Event) -> None:
        try:
            while self._go_on(order):
                if stopping.is_set():
                    self._store.transact(lambda tx: self._orders.give_back(tx, order))
                    return
        except _LostError:
            return
        except PrivySealError as error:  # tried again when the lease is over
            log.warning("a mass revocation was interrupted", order=order.id, error=str(error))
        except Exception as error:  # noqa: BLE001 - likewise; after MAX_ATTEMPTS it is given up
            log.exception("a mass revocation failed", error, order=order.id)

    def _go_on(self, order: MassRevocation) -> bool:
        """One page, or the end; whether there is more to do."""
        steps = self._store.view(lambda tx: self._orders.steps(tx, order.id))
        step = next((each for each in steps if not each.done), None)
        if step is None:
            return not self._store.transact(lambda tx: self._settle(tx, order))
        if step.expected is None:
            self._count(order, steps)
            return True
        wanted = wanted_of(order)
        found, after = self._store.view(
            lambda tx: self._orders.candidates(tx, step.authority_id, wanted, step.after, self._page)
        )
        self._store.transact(lambda tx: self._revoke(tx, order, step, found, after))
        return True

    def _count(self, order: MassRevocation, steps: Sequence[Step]) -> None:
        """What is expected of each authority, so that people see how long it will take."""
        wanted = wanted_of(order)
        for step in steps:
            self._store.transact(lambda tx: self._hold(tx, order, COUNTING))
            count = self._store.view(
                lambda tx, each=step: self._orders.count_candidates(tx, each.authority_id, wanted)  # type: ignore[misc]
            )
            counted = replace(step, expected=step.revoked + count)
            self._store.transact(lambda tx, each=counted: self._put_counted(tx, order, each))  # type: ignore[misc]

    def _put_counted(self, tx: Tx, order: MassRevocation, step: Step) -> None:
        self._hold(tx, order)
        self._orders.put_step(tx, step)

    def _hold(self, tx: Tx, order: MassRevocation, lease: timedelta = LEASE) -> None:
        if not self._orders.hold(tx, order, tx.now + lease):
            raise _LostError

    def _revoke(
        self,
        tx: Tx,
        order: MassRevocation,
        step: Step,
        found: Sequence[Position],
        after: Position | None,
    ) -> None:
        """One page: certificates, position and lease in one commit."""
        self._hold(tx, order)
        authority = self._rows.authorities.find(tx, step.authority_id)
        assert authority is not None  # rows of authorities are never deleted
        if order.filter is None and authority.version != step.authority_version:
            self._orders.put_step(tx, self._begun_again(tx, order, step, authority))
            return
        keys = [(step.authority_id, serial) for _, serial in found]
        rows = self._rows.certificates.find_many(tx, keys) if keys else {}
        living = [each for key in keys if (each := rows.get(key)) and tx.now <= each.not_after]
        moment = self._rows.crls.next_moment(tx, step.authority_id)
        revoked = mark_revoked(
            tx,
            self._rows,
            order.caller,
            authority,
            living,
            reason=order.reason,
            invalidity_date=order.invalidity_date,
            order=order.id,
        )
        if order.filter is None:
            self._refuse_strangers(tx, order, authority, revoked)
        step = replace(
            step, after=after or step.after, done=after is None, revoked=step.revoked + len(revoked)
        )
        self._orders.put_step(tx, replace(step, last_revoked_at=moment) if revoked else step)

    def _refuse_strangers(
        self, tx: Tx, order: MassRevocation, authority: Authority, revoked: Sequence[Certificate]
    ) -> None:
        """CA certificates whose keys are not ours: what was issued with them is out of reach."""
        found = [each for each in revoked if is_ca_certificate(each)]
        if not found:
            return
        ids = [each.authority_id for each in self._orders.steps(tx, order.id)]
        known = {key_digest(each) for each in self._rows.authorities.find_many(tx, ids).values()}
        for each in found:
            if each.key_digest not in known:
                resource = str(CertificateArn(authority.arn, each.serial))
                text = (
                    "It is revoked, but its key belongs to no authority of this account: what was issued "
                    "with that key can only be revoked where the key is."
                )
                self._orders.refuse(tx, order.id, Refusal(resource, text))

    def _settle(self, tx: Tx, order: MassRevocation) -> bool:
        """Whether all is revoked; if not, there are steps again."""
        self._hold(tx, order)
        if order.filter is None and self._reopened(tx, order):
            return False
        self._end(tx, order, mass_model.Event.ALL_REVOKED)
        return True

    def _reopened(self, tx: Tx, order: MassRevocation) -> bool:
        """Go through authorities again that were changed meanwhile, and through those that are new."""
        steps = {each.authority_id: each for each in self._orders.steps(tx, order.id)}
        top = self._rows.authorities.find(tx, order.authority.id)
        assert top is not None  # rows of authorities are never deleted
        below = {each.arn.id: each for each in with_all_below(tx, self._rows, top)}
        authorities = {**self._rows.authorities.find_many(tx, list(steps)), **below}
        reopened = False
        for authority_id, authority in authorities.items():
            step = steps.get(authority_id) or Step(order.id, authority_id, len(steps), -1)
            if step.authority_version != authority.version:
                self._orders.put_step(tx, self._begun_again(tx, order, step, authority))
                reopened = True
        return reopened

    def _begun_again(self, tx: Tx, order: MassRevocation, step: Step, authority: Authority) -> Step:
        off = switched_off(tx, self._rows, order, authority)
        return replace(step, authority_version=off.version, after=None, done=False)

    def _published(self, tx: Tx) -> Sequence[MassRevocation]:
        waiting = self._orders.publishing(tx)
        return [each for each in waiting if not waiting_for(tx, self._rows, each)]

    def _complete(self, tx: Tx, order: MassRevocation) -> None:
        """Unless somebody else has done it, or an authority issues again: then the order runs again, after
        any other one of its authority.
        """
        found = self._orders.find(tx, order.authority.account, order.id)
        if found is None or found.state is not State.PUBLISHING:
            return
        if order.filter is None:
            if self._orders.running_on(tx, str(order.authority)):
                return
            if self._reopened(tx, order):
                self._end(tx, order, mass_model.Event.REOPENED)
                self._orders.give_back(tx, order)  # to whoever comes first
                return
        self._end(tx, order, mass_model.Event.ALL_PUBLISHED)

    def _end(
        self, tx: Tx, order: MassRevocation, event: mass_model.Event, failure: str | None = None
    ) -> None:
        state = TRANSITIONS[order.state, event]
        if self._orders.change_state(tx, order, state, failure) and state in mass_model.FINAL:
            revoked = sum(each.revoked for each in self._orders.steps(tx, order.id))
            detail = {"order": order.id, "state": state.value, "revoked": revoked}
            tx.record(entry(ACTION, order.caller, str(order.authority), **detail))
