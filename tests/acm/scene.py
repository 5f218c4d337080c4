"""The whole of acm behind HTTP in this process; its jobs run when a test says so."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey
from privyseal.frontends.aws import acm
from privyseal.frontends.aws.front import AwsFrontend
from privyseal.frontends.http import App, Authenticator, Pool
from privyseal.wiring.serving import LIMITS
from tests.acm.pairs import Pair, Wanted, make
from tests.acm.wire import Wire
from tests.aws_wire.fake import CountingMeter
from tests.ca.world import ACCOUNT, CALLER, REGION, STRANGER
from tests.frontends.live import serving
from tests.managed.kept import PASSPHRASE, Kept

ADMIN = AccessKey("AKIAADMIN00000000000", "the-secret-of-admin", ACCOUNT, CALLER.principal, admin=True)
OTHER = AccessKey("AKIAOTHER00000000000", "another-secret", STRANGER.account, STRANGER.principal, admin=True)
USER = AccessKey("AKIAUSER000000000000", "the-users-secret", ACCOUNT, CALLER.principal, admin=False)
KEYS = {each.id: each for each in (ADMIN, OTHER, USER)}


@dataclass
class Scene:
    """`wire` is the administrator's; `kept` sets the stage."""

    kept: Kept
    url: str
    wire: Wire

    @cached_property
    def authority(self) -> str:
        return self.kept.authority()

    @property
    def now(self) -> datetime:
        return self.kept.clock.now().replace(microsecond=0)

    def wire_of(self, key: AccessKey) -> Wire:
        return Wire(self.url, key.id, key.secret, REGION, self.kept.clock.now)

    def requested(self, domain: str = "www.example.com", **members: Any) -> str:
        asked = {"CertificateAuthorityArn": self.authority, "KeyAlgorithm": "EC_prime256v1"}
        return str(self.wire.do("RequestCertificate", DomainName=domain, **asked | members)["CertificateArn"])

    def issued(self, domain: str = "www.example.com", **members: Any) -> str:
        arn = self.requested(domain, **members)
        self.kept.run("managed.issue")
        return arn

    def exported(self, domain: str = "www.example.com") -> str:
        arn = self.issued(domain)
        self.wire.do("ExportCertificate", CertificateArn=arn, Passphrase=PASSPHRASE)
        return arn

    def pair(self, **changes: Any) -> Pair:
        """One that signs itself."""
        return make(Wanted(self.now, **changes))

    def imported(self, pair: Pair | None = None, **members: Any) -> str:
        given = (pair or self.pair()).members
        return str(self.wire.do("ImportCertificate", **given, **members)["CertificateArn"])

    def described(self, arn: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.wire.do("DescribeCertificate", CertificateArn=arn)["Certificate"]
        return found


@contextmanager
def scene(kept: Kept) -> Iterator[Scene]:
    pool = Pool(2, 100)
    authenticator = Authenticator(KeyRing(KEYS.get, kept.clock), pool, REGION)
    frontend = AwsFrontend([acm.service(kept.managed, pool)], authenticator, kept.clock, REGION)
    with serving(App(frontend.routes(), CountingMeter(), otherwise=frontend, limits=LIMITS)) as url:
        wire = Wire(url, ADMIN.id, ADMIN.secret, REGION, kept.clock.now)
        try:
            yield Scene(kept, url, wire)
        finally:
            wire.close()
    pool.close()
