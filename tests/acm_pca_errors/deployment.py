"""The whole of acm-pca behind HTTP in this process, with a clock that can be moved and fakes at its ports."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey
from privyseal.ca.service import CertificateAuthorities
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import acm_pca
from privyseal.frontends.aws.front import AwsFrontend
from privyseal.frontends.http import App, Authenticator, Pool
from privyseal.publishers.directory import DirectoryPublisher
from tests.acm_pca_errors.wire import Wire
from tests.aws_wire.fake import CountingMeter
from tests.ca.world import ACCOUNT, CALLER, REGION, World, in_memory
from tests.frontends.live import serving

ADMIN = AccessKey("AKIAADMIN00000000000", "the-secret-of-admin", ACCOUNT, CALLER.principal, admin=True)
CERTIFICATES_PER_AUTHORITY = 20  # as an operator may set it


# A bucket that may be looked at and not be written: what Amazon S3 says then, `publishers/s3.py` knows.
UNWRITABLE = "nobody-may-write-here"


class Buckets(DirectoryPublisher):
    def put(
        self, bucket: str, key: str, content: Iterable[bytes], content_type: str, *, acl: str | None = None
    ) -> None:
        if bucket == UNWRITABLE:
            text = f"AWS Private CA requires putObject permissions for your S3 bucket '{bucket}'."
            raise PrivySealError(ErrorCode.VALIDATION, text)
        super().put(bucket, key, content, content_type, acl=acl)


@dataclass(frozen=True)
class Scene:
    """`world` sets the stage, `wire` sends; `numbers` makes names that differ."""

    world: World
    wire: Wire
    numbers: Iterator[int]


@contextmanager
def deployment(folder: Path) -> Iterator[Scene]:
    """Everything is in memory, and buckets are in `folder`."""
    with in_memory() as world:
        world.ca.close()
        world.ca = CertificateAuthorities(
            world.store,
            world.rows,
            world.keys,
            Buckets(folder),
            urls=world.urls,
            certificates_per_authority=CERTIFICATES_PER_AUTHORITY,
        )
        pool = Pool(2, 100)
        authenticator = Authenticator(KeyRing({ADMIN.id: ADMIN}.get, world.clock), pool, REGION)
        frontend = AwsFrontend([acm_pca.service(world.ca, pool)], authenticator, world.clock, REGION)
        with serving(App(frontend.routes(), CountingMeter(), otherwise=frontend)) as url:
            wire = Wire(url, ADMIN.id, ADMIN.secret, REGION, world.clock.now)
            try:
                yield Scene(world, wire, count())
            finally:
                wire.close()
        pool.close()
