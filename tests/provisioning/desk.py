"""The contracts for devices over a deployment, with everything that links need."""

from collections.abc import Iterable
from datetime import timedelta
from threading import Event

from privyseal.devices import limits
from privyseal.devices.enrolment import Enrolment
from privyseal.devices.link_tokens import LinkTokens, ensure_key
from privyseal.devices.order_ports import Counter
from privyseal.devices.ordering import Ordering
from privyseal.devices.throttle import UNLIMITED, Throttle
from privyseal.frontends.http import Pool, Route
from privyseal.frontends.provisioning import CsrHeaderFrontend, LinksFrontend, ProvisioningFrontend, Replies
from privyseal.frontends.provisioning.answers import NEW, PROTO, PROVISION
from privyseal.frontends.provisioning.counters import OwnCounter
from privyseal.stores.repositories.orders import SqlLinkKeys, SqlOrders
from privyseal.wrapping import KEK_BYTES, Wrapper
from tests.devices.deployment import Deployment

PATIENT = 20.0


class Desk:
    """One process's. `woken` counts how often there was said to be work, which nobody does but `work`."""

    def __init__(
        self,
        product: Deployment,
        enrolment: Enrolment,
        proto: Enrolment | None = None,
        *,
        pool: Pool | None = None,
        limit: float = PATIENT,
        counter: Counter | None = None,
        throttle: Throttle = UNLIMITED,
        lifetime: timedelta = limits.LINK_LIFETIME,
    ) -> None:
        self.woken = 0
        self.tokens = LinkTokens(ensure_key(product.store, SqlLinkKeys(Wrapper(bytes(KEK_BYTES)))))
        proto = proto or enrolment
        self.ordering = Ordering(
            product.store,
            SqlOrders(),
            {PROVISION: enrolment, NEW: enrolment, PROTO: proto},
            counter or OwnCounter(self.tokens),
            lifetime=lifetime,
            wake=self._wake,
        )
        replies = Replies(pool or product.pool, self.ordering, product.pool, limit)
        self.provision = ProvisioningFrontend(enrolment, replies, throttle)
        self.csr_header = CsrHeaderFrontend(enrolment, proto, replies, throttle)
        self.links = LinksFrontend(self.tokens, self.ordering, product.pool, product.clock, throttle)

    def routes(self) -> Iterable[Route]:
        return [*self.provision.routes(), *self.csr_header.routes(), *self.links.routes()]

    def work(self) -> None:
        self.ordering.work(Event())

    def _wake(self) -> None:
        self.woken += 1
