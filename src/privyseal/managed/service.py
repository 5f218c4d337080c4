"""Managed certificates as front-ends and jobs see them."""

import threading
from collections.abc import Callable
from datetime import timedelta

from privyseal.ca.issuers import Issuers
from privyseal.ca.repositories import Repositories
from privyseal.managed import limits
from privyseal.managed.account import Accounts
from privyseal.managed.expiring import Expiring
from privyseal.managed.exporting import Exporting
from privyseal.managed.following import Following
from privyseal.managed.importing import Importing
from privyseal.managed.issuing import Issuing
from privyseal.managed.keys import ManagedKeys
from privyseal.managed.ports import Issue
from privyseal.managed.quotas import ImportQuota
from privyseal.managed.reading import ManagedReading
from privyseal.managed.removing import Removing
from privyseal.managed.renewal import Schedule
from privyseal.managed.renewing import Renewing
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.requesting import Requesting
from privyseal.managed.revoking import ManagedRevoking
from privyseal.managed.searching import Searching
from privyseal.managed.settling import Settling
from privyseal.managed.states import Status
from privyseal.managed.tagging import Tagging
from privyseal.managed.updating import Updating
from privyseal.meter import SILENT, Meter
from privyseal.store import Store, Tx
from privyseal.wrapping import Wrapper

SCHEDULE = Schedule()
NO_QUOTA = ImportQuota()
Run = Callable[[threading.Event], None]
Waiting = Callable[[Tx], bool]


class Managed:
    """Made once per process by `wiring/`. `wake` makes the job of that name look at once."""

    def __init__(
        self,
        store: Store,
        rows: ManagedRows,
        ca: Repositories,
        wrapper: Wrapper,
        *,
        issue: Issue,
        issuers: Issuers,
        validity: timedelta = limits.VALIDITY,
        schedule: Schedule = SCHEDULE,
        import_quota: ImportQuota = NO_QUOTA,
        most_names: int = limits.MAX_NAMES,
        wake: Callable[[str], None] = lambda _: None,
        meter: Meter = SILENT,
    ) -> None:
        keys = ManagedKeys(wrapper)
        self.requesting = Requesting(store, rows, lambda: wake("managed.issue"), most_names)
        self.exporting = Exporting(store, rows, keys, schedule)
        self.renewing = Renewing(store, rows, lambda: wake("managed.renew"))
        self.revoking = ManagedRevoking(store, rows, ca)
        self.reading = ManagedReading(store, rows)
        self.importing = Importing(store, rows, keys, import_quota)
        self.searching = Searching(store, rows.certificates, rows.search)
        self.updating = Updating(store, rows)
        self.removing = Removing(store, rows)
        self.tagging = Tagging(store, rows)
        self.accounts = Accounts(store, rows)
        expiring = Expiring(store, rows, schedule)
        following = Following(store, rows, ca)
        settling = Settling(rows, schedule)

        def issuing(status: Status) -> Issuing:
            return Issuing(
                store,
                rows,
                ca,
                status=status,
                keys=keys,
                issue=issue,
                issuers=issuers,
                settling=settling,
                validity=validity,
                meter=meter,
            )

        first, again = issuing(Status.PENDING_VALIDATION), issuing(Status.ISSUED)
        self._issuing = (first, again)
        # Name → what to run when something is waiting, and how to know.
        self.jobs: dict[str, tuple[Run, Waiting]] = {
            "managed.issue": (first.work, first.is_waiting),
            "managed.renew": (again.work, again.is_waiting),
            "managed.notices": (expiring.notice_due, expiring.has_to_notice),
            "managed.expire": (expiring.expire_due, expiring.has_to_expire),
            "managed.follow": (following.follow_due, following.has_to_follow),
        }

    def close(self) -> None:
        for each in self._issuing:
            each.close()
