"""Which function does which job of `jobs.table`.

What other packages wire by themselves they add themselves: the audit trail (`hosting.audit_trail`) and
devices (`wiring.devices`).
"""

import os
import platform

from privyseal.ca.service import CertificateAuthorities
from privyseal.jobs.runner import Runner
from privyseal.names import new_id
from privyseal.store import Store
from privyseal.stores.repositories.jobs import SqlJobs


def runner(store: Store) -> Runner:
    """People find the process by the first two parts of its name; the third is its own for ever."""
    return Runner(store, SqlJobs(), f"{platform.node()}/{os.getpid()}/{new_id()}")


def add_authority_jobs(jobs: Runner, ca: CertificateAuthorities) -> None:
    jobs.add("ca.sign", ca.deferred.sign_due, ca.deferred.waiting)
    jobs.add("ca.crls", ca.crls.make_due, ca.crls.waiting)
    jobs.add("ca.responders", ca.ocsp.upkeep.keep_up, ca.ocsp.upkeep.waiting)
    jobs.add("ca.mass-revocations", ca.mass_work.work, ca.mass_work.waiting)
    jobs.add("ca.audit-reports", ca.report_writer.write_due, ca.report_writer.waiting)
    jobs.add("ca.ocsp-answers", ca.ocsp.sweep, ca.ocsp.sweeping_waits)
    jobs.add("ca.expiry", ca.expiry.say_due, ca.expiry.waiting)
