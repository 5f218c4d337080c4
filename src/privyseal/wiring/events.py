"""Events in a worker process: rules and targets as the settings have them, and the two jobs."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from privyseal.events.delivering import Delivering
from privyseal.events.dispatch import Dispatch
from privyseal.events.history import History
from privyseal.events.patterns import compile_pattern
from privyseal.events.rules import Rule, Rules
from privyseal.frontends.api.events import RuleItem
from privyseal.meter import Meter
from privyseal.settings import Settings
from privyseal.stores.repositories.events import SqlDeliveries, SqlEvents
from privyseal.stores.repositories.journal import SqlJournal
from privyseal.wiring.parts import Parts
from privyseal.wiring.targets import recipients, targets

DISPATCH, DELIVER = "events.dispatch", "events.deliver"


def history(parts: Parts) -> History:
    wake = partial(parts.jobs.wake, DELIVER)
    return History(parts.store, SqlEvents(), SqlDeliveries(), parts.settings.targets, wake)


def rule_items(settings: Settings) -> list[RuleItem]:
    """As the API tells them, those that are switched off among them."""
    return [
        RuleItem(name, rule.enabled, rule.pattern, list(rule.targets))
        for name, rule in settings.rules.items()
    ]


def add_event_jobs(parts: Parts, meter: Meter) -> Callable[[], None]:
    """Returns how to end: after the jobs have."""
    section = parts.settings.events
    dispatch = Dispatch(
        parts.store,
        SqlJournal(),
        SqlEvents(),
        SqlDeliveries(),
        _rules(parts.settings),
        region=parts.settings.region,
        history=timedelta(days=section.history_days),
        wake=partial(parts.jobs.wake, DELIVER),
        meter=meter,
    )
    reached = targets(parts)
    delivering = Delivering(
        parts.store,
        SqlDeliveries(),
        reached,
        recipients=recipients(parts),
        give_up=timedelta(hours=section.give_up_hours),
        meter=meter,
    )
    parts.jobs.add(DISPATCH, dispatch.run, dispatch.waiting)
    parts.jobs.add(DELIVER, delivering.run, delivering.waiting)

    def close() -> None:
        for target in reached.values():
            target.close()

    return close


def _rules(settings: Settings) -> Rules:
    enabled = {name: rule for name, rule in settings.rules.items() if rule.enabled}
    return Rules([Rule(name, compile_pattern(rule.pattern), rule.targets) for name, rule in enabled.items()])
