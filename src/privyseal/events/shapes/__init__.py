"""Journal entries as events: which actions have one, and what it looks like. One file per source."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from privyseal.events.refusals import REFUSED
from privyseal.events.shapes import acm, acm_pca, own, serverless
from privyseal.events.shapes.model import Event, Place, Shape, envelope
from privyseal.store import Entry

# Action of a journal entry → its shape. Everything else happens without an event.
SHAPES: Mapping[str, Shape] = {
    **acm_pca.SHAPES,
    **acm.SHAPES,
    **own.SHAPES,
    **serverless.SHAPES,
}


def events_of(entry: Entry, place: Place, region: str) -> Iterator[Event]:
    """The events of one entry; `region` is this installation's, for what has none in its ARN.

    Of a call that was refused at once there is no event: only its caller hears of it.
    """
    shape, detail = SHAPES.get(entry["action"]), _detail(entry)
    if shape is None or detail.get("result") == REFUSED:
        return
    for number, told in enumerate(shape.tell(entry, place, region)):
        yield envelope(told, dataclasses.replace(place, number=number))


def _detail(entry: Entry) -> Mapping[str, Any]:
    detail: Mapping[str, Any] = entry["detail"]
    return detail
