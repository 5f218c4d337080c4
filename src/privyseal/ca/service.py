"""The CA domain as front-ends see it: its services, the two lanes in front of them,
and the thread behind them.

Issuing has one lane per authority, so that a slow key never delays another; point reads share
one. Everything else is called directly, from a bounded pool.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from privyseal.ca.audit_reports import AuditReportService
from privyseal.ca.authorities import AuthorityService
from privyseal.ca.background import INTERVAL_S, Background
from privyseal.ca.certificates import CertificateReader, GetRequest
from privyseal.ca.certification import CertificatePem, Certification
from privyseal.ca.creation import Creation
from privyseal.ca.deferred import Deferred
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
from privyseal.ca.revocation.mass_work import LOOK_S as MASS_LOOK_S
from privyseal.ca.revocation.mass_work import MassWork
from privyseal.ca.revocation.named import NamedRevoking
from privyseal.ca.revocation.ocsp import Ocsp
from privyseal.ca.revocation.restarting import CrlRestarting
from privyseal.ca.revocation.revoking import Revoking
from privyseal.ca.revocation.scopes import PARTITION_SIZE, Scopes
from privyseal.ca.revocation.timing import LOOK_S
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.ca.tags import TagService
from privyseal.gather import Lane, Lanes
from privyseal.names import CertificateArn
from privyseal.store import Store

# One thread for the reading lane, and as many authorities signing at once as the rest.
LANE_THREADS = 9
# How often promised certificates are looked for, in seconds: other processes promise too.
SIGNING_S = 1.0


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
    ) -> None:
        """With an `issuing_delay` issuing is asynchronous: an ARN at once, the certificate after that."""
        keys = OpenKeys(key_store)
        quota = CertificateQuota(store, rows.certificates, certificates_per_authority)
        scopes = self.scopes = Scopes(rows, urls, publisher, partition_size)
        issuers = self.issuers = Issuers(urls)
        self.creation = Creation(store, rows.authorities, rows.tags, keys, scopes)
        self.authorities = AuthorityService(store, rows.authorities, scopes)
        self.certification = Certification(store, rows.authorities, scopes)
        self.tags = TagService(store, rows.authorities, rows.tags)
        self.revocation = Revoking(store, rows)
        self.reader = CertificateReader(store, rows.authorities, rows.certificates, rows.pending_requests)
        self.issuance = Issuance(store, rows, keys, quota=quota, issuers=issuers, scopes=scopes)
        self.permissions = PermissionService(store, rows.authorities, rows.permissions)
        self.policies = PolicyService(store, rows.authorities, rows.policies)
        reports = rows.audit_reports
        self.report_writer = ReportWriter(store, rows.authorities, rows.certificates, reports, publisher)
        reporting = Background("reports", self.report_writer.write_due)
        self.audit_reports = AuditReportService(store, rows.authorities, reports, publisher, reporting.wake)
        self.crl_reader = CrlReader(store, rows)
        self.crls = CrlMaker(store, rows, keys, publisher, urls=urls, deltas=crl_deltas)
        making_crls = Background("crls", self.crls.make_due, LOOK_S)
        self.crl_restarting = CrlRestarting(store, rows, making_crls.wake)
        self.ocsp = Ocsp(store, rows, key_store, self.issuance)
        self.named_revoking = NamedRevoking(store, rows)
        self.holding = Holding(rows)
        self.mass_work = MassWork(store, rows)
        mass_revoking = Background("mass-revocation", self.mass_work.work, MASS_LOOK_S)
        self.mass_revoking = MassRevoking(store, rows, mass_revoking.wake)
        self._deferred = Deferred(
            store,
            rows,
            self.issuance,
            issuers=issuers,
            scopes=scopes,
            delay=issuing_delay or timedelta(0),
        )
        self._asynchronous = issuing_delay is not None
        # Promises of an earlier start are kept even when this one makes none.
        interval = SIGNING_S if self._asynchronous else INTERVAL_S
        self._signing = Background("signing", self._deferred.sign_due, interval)
        self._background = (making_crls, mass_revoking, reporting, self._signing, self.ocsp.background)
        self._threads = ThreadPoolExecutor(LANE_THREADS, thread_name_prefix="lane")
        self._issuing: Lanes[str, IssueRequest, Issued] = Lanes(self.issuance.issue, self._threads)
        self._promising: Lane[IssueRequest, CertificateArn] = Lane(self._deferred.request_all, self._threads)
        self._reading: Lane[GetRequest, CertificatePem] = Lane(self.reader.get, self._threads)

    def start(self) -> None:
        """Begin what runs in the background; what earlier processes have left there is taken up."""
        for each in self._background:
            each.start()

    async def issue(self, request: IssueRequest) -> CertificateArn:
        if self._asynchronous:
            arn = await self._promising.submit(request)
            self._signing.wake()
            return arn
        return (await self._issuing.submit(request.authority_arn, request)).arn

    def issue_now(self, request: IssueRequest) -> Issued:
        """`issue` for a caller in a thread of its own; blocks until the certificate is stored."""
        return self._issuing.ask(request.authority_arn, request)

    async def get(self, request: GetRequest) -> CertificatePem:
        return await self._reading.submit(request)

    def get_now(self, request: GetRequest) -> CertificatePem:
        return self._reading.ask(request)

    def close(self) -> None:
        """Finish what the lanes have begun; what runs in the background is left for the next start."""
        for each in self._background:
            each.stop()
        for each in self._background:
            each.close()
        self.ocsp.close()
        self._threads.shutdown(wait=True)
