"""The CA domain as front-ends see it: its services, and the two lanes in front of them.

Issuing has one lane per authority, so that a slow key never delays another; point reads share
one. Everything else is called directly, from a bounded pool.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from privyseal.ca.authorities import AuthorityService
from privyseal.ca.certificates import CertificateReader, GetRequest
from privyseal.ca.certification import CertificatePem, Certification
from privyseal.ca.creation import Creation
from privyseal.ca.issuance import Issuance
from privyseal.ca.keys import OpenKeys
from privyseal.ca.ports import Authorities, Certificates, KeyStore, Tags
from privyseal.ca.preparing import Issued, IssueRequest
from privyseal.ca.revocation import Revocation
from privyseal.ca.tags import TagService
from privyseal.gather import Lane, Lanes
from privyseal.store import Store

# One thread for the reading lane, and as many authorities signing at once as the rest.
LANE_THREADS = 9


@dataclass(frozen=True, slots=True)
class Repositories:
    authorities: Authorities
    certificates: Certificates
    tags: Tags


class CertificateAuthorities:
    """Made once per process by `wiring.py`."""

    def __init__(self, store: Store, rows: Repositories, key_store: KeyStore) -> None:
        keys = OpenKeys(key_store)
        self.creation = Creation(store, rows.authorities, rows.tags, keys)
        self.authorities = AuthorityService(store, rows.authorities)
        self.certification = Certification(store, rows.authorities)
        self.tags = TagService(store, rows.authorities, rows.tags)
        self.revocation = Revocation(store, rows.authorities, rows.certificates)
        self.reader = CertificateReader(store, rows.authorities, rows.certificates)
        self.issuance = Issuance(store, rows.authorities, rows.certificates, keys)
        self._threads = ThreadPoolExecutor(LANE_THREADS, thread_name_prefix="lane")
        self._issuing: Lanes[str, IssueRequest, Issued] = Lanes(self.issuance.issue, self._threads)
        self._reading: Lane[GetRequest, CertificatePem] = Lane(self.reader.get, self._threads)

    async def issue(self, request: IssueRequest) -> Issued:
        return await self._issuing.submit(request.authority_arn, request)

    def issue_now(self, request: IssueRequest) -> Issued:
        """`issue` for a caller in a thread of its own; blocks until the certificate is stored."""
        return self._issuing.ask(request.authority_arn, request)

    async def get(self, request: GetRequest) -> CertificatePem:
        return await self._reading.submit(request)

    def get_now(self, request: GetRequest) -> CertificatePem:
        return self._reading.ask(request)

    def close(self) -> None:
        """Finish what the lanes have begun."""
        self._threads.shutdown(wait=True)
