"""Links for devices that cannot wait: where they lead, and who works on what is owed."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from privyseal.devices.enrolment import Enrolment
from privyseal.devices.link_tokens import LinkTokens, ensure_key
from privyseal.devices.order_ports import Counter
from privyseal.devices.ordering import Ordering
from privyseal.devices.throttle import Throttle
from privyseal.frontends.http import Route
from privyseal.frontends.provisioning import LinksFrontend, Replies
from privyseal.frontends.provisioning.counters import BucketCounter, OwnCounter
from privyseal.publishers import PUBLISHERS
from privyseal.stores.repositories.orders import SqlLinkKeys, SqlOrders
from privyseal.wiring.parts import Parts
from privyseal.wiring.shelves import row

JOB = "devices.orders"


def link_replies(
    parts: Parts, enrolments: Mapping[str, Enrolment], by_address: Throttle
) -> tuple[Replies, list[Route]]:
    """Who answers the contracts, and the routes of the links."""
    section = parts.settings.devices
    tokens = LinkTokens(ensure_key(parts.store, SqlLinkKeys(parts.directory.wrapper())))
    ordering = Ordering(
        parts.store,
        SqlOrders(),
        enrolments,
        _counter(parts, tokens),
        lifetime=timedelta(hours=section.link_hours),
        wake=partial(parts.jobs.wake, JOB),
    )
    parts.jobs.add(JOB, ordering.work, ordering.waiting)
    replies = Replies(parts.device_pool, ordering, parts.link_pool, section.answer_seconds)
    links = LinksFrontend(tokens, ordering, parts.link_pool, parts.clock, by_address)
    return replies, links.routes()


def _counter(parts: Parts, tokens: LinkTokens) -> Counter:
    section, publisher = parts.settings.devices, parts.settings.publisher
    if section.links == "own":
        return OwnCounter(tokens)
    s3 = row(PUBLISHERS, "s3")(
        endpoint_url=publisher.endpoint_url or None,
        region=publisher.region or None,
        profile=publisher.profile or None,
    )
    return BucketCounter(s3.put, s3.presigned, section.link_bucket, section.link_prefix, parts.clock)
