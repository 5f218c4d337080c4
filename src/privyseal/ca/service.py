"""The CA domain as front-ends see it: its services, and the two lanes in front of them.

What recurs is run by `jobs/`: `wiring/jobs.py` says what does which job.

Issuing has one lane per authority, so that a slow key never delays another; point reads share
one. Everything else is called directly, from a bounded pool.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from privyseal.ca.audit_reports import AuditReportService
from privyseal.ca.authorities import AuthorityService
from privyseal.ca.certificates import CertificateReader, GetRequest
from privyseal.ca.certification import CertificatePem, Certification
from privyseal.ca.creation import Creation
from privyseal.ca.deferred import Deferred
from privyseal.ca.expiry import ExpiryWatch
from privyseal.ca.issuance import Issuance
from privyseal.ca.issuers import Issuers
from privyseal.ca.keys import OpenKeys
from privyseal.ca.permissions import PermissionService
from privyseal.ca.policies import PolicyService
from privyseal.ca.ports import KeyStore, Publisher
from privyseal.ca.quotas import CertificateQuota
from privyseal.ca.report_writer import ReportWriter
from privyseal.ca.repositories import Repositories
from privyseal.ca.requests import Issued, IssueRequest
from privyseal.ca.revocation.crl_reading import CrlReader
from privyseal.ca.revocation.crls import CrlMaker
from privyseal.ca.revocation.holding import Holding
from privyseal.ca.revocation.mass import MassRevoking
from privyseal.ca.revocation.mass_work import MassWork
from privyseal.ca.revocation.named import NamedRevoking
from privyseal.ca.revocation.ocsp import Ocsp
from privyseal.ca.revocation.restarting import CrlRestarting
from privyseal.ca.revocation.revoking import Revoking
from privyseal.ca.revocation.scopes import PARTITION_SIZE, Scopes
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.ca.tags import TagService
from privyseal.ca.watching import Watch
from privyseal.gather import Lane, Lanes
from privyseal.meter import SILENT, Meter
from privyseal.names import CertificateArn
from privyseal.store import Store
from privyseal.tracing import Tracer

# One thread for the reading lane, and as many authorities signing at once as the rest.
LANE_THREADS = 9


def _nobody(_: str) -> None:
    """Where no jobs run: in a start, and in tests, which call the work itself."""


class CertificateAuthorities:
    """Made once per process by `wiring/`."""

    def __init__(
        self,
        store: Store,
        rows: Repositories,
        key_store: KeyStore,
        publisher: Publisher,
        *,
        urls: StatusUrls,
        partition_size: int = PARTITION_SIZE,
        crl_deltas: bool = False,
        certificates_per_authority: int | None = None,
        issuing_delay: timedelta | None = None,
        wake: Callable[[str], None] = _nobody,
        meter: Meter = SILENT,
        tracer: Tracer | None = None,
    ) -> None:
        """With an `issuing_delay` issuing is asynchronous: an ARN at once, the certificate after that.

        `wake` tells that there is something to do for the job of that name.
        """
        keys = OpenKeys(key_store)
        quota = CertificateQuota(store, rows.certificates, certificates_per_authority)
        scopes = self.scopes = Scopes(rows, urls, publisher, partition_size)
        issuers = self.issuers = Issuers(urls)
        self.creation = Creation(store, rows.authorities, rows.tags, keys, scopes)
        self.authorities = AuthorityService(store, rows.authorities, scopes)
        self.certification = Certification(store, rows.authorities, rows.expiries, scopes)
        self.expiry = ExpiryWatch(store, rows.authorities, rows.expiries)
        self.tags = TagService(store, rows.authorities, rows.tags)
        self.revocation = Revoking(store, rows)
        self.reader = CertificateReader(store, rows.authorities, rows.certificates, rows.pending_requests)
        watch = Watch(meter, tracer)
        self.issuance = Issuance(store, rows, keys, quota=quota, issuers=issuers, scopes=scopes, watch=watch)
        self.permissions = PermissionService(store, rows.authorities, rows.permissions)
        self.policies = PolicyService(store, rows.authorities, rows.policies)
        reports = rows.audit_reports
        self.report_writer = ReportWriter(store, rows.authorities, rows.certificates, reports, publisher)
        wake_reports = partial(wake, "ca.audit-reports")
        self.audit_reports = AuditReportService(store, rows.authorities, reports, publisher, wake_reports)
        self.crl_reader = CrlReader(store, rows)
        self.crls = CrlMaker(store, rows, keys, publisher, urls=urls, deltas=crl_deltas)
        self.crl_restarting = CrlRestarting(store, rows, partial(wake, "ca.crls"))
        self.ocsp = Ocsp(store, rows, key_store, self.issuance, partial(wake, "ca.responders"))
        self.named_revoking = NamedRevoking(store, rows)
        self.holding = Holding(rows)
        self.mass_work = MassWork(store, rows)
        self.mass_revoking = MassRevoking(store, rows, partial(wake, "ca.mass-revocations"))
        self.deferred = Deferred(
            store,
            rows,
            self.issuance,
            issuers=issuers,
            scopes=scopes,
            delay=issuing_delay or timedelta(0),
        )
        self._asynchronous = issuing_delay is not None
        self._wake_signing = partial(wake, "ca.sign")
        self._threads = ThreadPoolExecutor(LANE_THREADS, thread_name_prefix="lane")
        self._issuing: Lanes[str, IssueRequest, Issued] = Lanes(self.issuance.issue, self._threads)
        self._promising: Lane[IssueRequest, CertificateArn] = Lane(self.deferred.request_all, self._threads)
        self._reading: Lane[GetRequest, CertificatePem] = Lane(self.reader.get, self._threads)

    def start(self) -> None:
        """Begin what each process does in the background."""
        self.ocsp.start()

    async def issue(self, request: IssueRequest) -> CertificateArn:
        if self._asynchronous:
            arn = await self._promising.submit(request)
            self._wake_signing()
            return arn
        return (await self._issuing.submit(request.authority_arn, request)).arn

    def issue_now(self, request: IssueRequest) -> Issued:
        """`issue` for a caller in a thread of its own; blocks until the certificate is stored."""
        return self._issuing.ask(request.authority_arn, request)

    async def get(self, request: GetRequest) -> CertificatePem:
        return await self._reading.submit(request)

    def close(self) -> None:
        """Finish what the lanes have begun."""
        self.ocsp.close()
        self._threads.shutdown(wait=True)
        self.issuance.close()
