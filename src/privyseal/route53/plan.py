"""What has to change at Route 53, and changing it: health checks first, then the records, all at once.

A health check is ours by its caller reference, which begins with what it is for: one that an interrupted
run has made, and no record has yet, is found again. Regions that nobody names stay as they are: each
deployment can look after its own record. Applying again changes nothing.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from privyseal.route53.client import Route53Client
from privyseal.route53.sites import Check, Record, check_room, health_check, record_set

CREATE, CHANGE, DELETE, UNCHANGED = "create", "change", "delete", "unchanged"
# Settings of a health check that no update can change (UpdateHealthCheck has no such member).
_FIXED = ("Type", "RequestInterval")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of the plan: what becomes of it, and why `to` differs from what is there."""

    action: str
    kind: str  # "health check", or "record TYPE"
    region: str
    text: str


@dataclass(frozen=True, slots=True)
class _Item:
    """A record that is wanted, or (None) is there and has to go."""

    record: Record | None
    there: Mapping[str, Any] | None
    check: Mapping[str, object]  # that is wanted
    check_there: Mapping[str, Any] | None


class Plan:
    """For one zone and name; `apply` does what `lines` say."""

    def __init__(self, route53: Route53Client, zone: str, name: str) -> None:
        self._route53 = route53
        self._zone = zone
        self._name = name
        self._items: list[_Item] = []
        self._spare: list[Mapping[str, Any]] = []

    def make(self, wanted: Sequence[Record], check: Check, remove: Sequence[str]) -> Sequence[Line]:
        """Read what is there. Raises CONFLICT for what cannot stand beside it."""
        there = self._route53.records_at(self._zone, self._name)
        named = {each.region for each in wanted}
        leaves = [
            each
            for each in there
            if each.get("Region") in {*remove, *named}
            and (each["Type"], each["Region"]) not in {(record.type, record.region) for record in wanted}
        ]
        check_room(wanted, [each for each in there if each not in leaves])
        found = {(each["Type"], each.get("Region")): each for each in there}
        checks = list(self._route53.health_checks())
        self._items = [
            self._item(record, found.get((record.type, record.region)), check, checks) for record in wanted
        ]
        self._items += [_Item(None, each, {}, None) for each in leaves]
        kept = {item.check_there["Id"] for item in self._items if item.check_there}
        kinds = [(kind, region) for region in {*remove, *named} for kind in ("A", "AAAA", "CNAME")]
        ours = tuple(self._prefix(kind, region) for kind, region in kinds)
        self._spare = [
            each for each in checks if each["CallerReference"].startswith(ours) and each["Id"] not in kept
        ]
        return self._lines()

    def apply(self) -> bool:
        """Whether anything has changed."""
        # First what has to make room.
        changes: list[dict[str, object]] = [
            {"Action": "DELETE", "ResourceRecordSet": item.there} for item in self._items if not item.record
        ]
        for item in self._items:
            if item.record:
                wanted = record_set(item.record, self._apply_check(item))
                if not _is_same(item.there, wanted):
                    changes.append({"Action": "UPSERT", "ResourceRecordSet": wanted})
        if changes:
            batch = {"Comment": "privyseal device dns", "Changes": changes}
            self._route53.call("ChangeResourceRecordSets", HostedZoneId=self._zone, ChangeBatch=batch)
        for spare in self._spare:
            self._route53.call("DeleteHealthCheck", HealthCheckId=spare["Id"])
        return any(line.action != UNCHANGED for line in self._lines())

    def _item(
        self,
        record: Record,
        there: Mapping[str, Any] | None,
        check: Check,
        checks: Sequence[Mapping[str, Any]],
    ) -> _Item:
        wanted = health_check(record, check)
        prefix = self._prefix(record.type, record.region)
        usable = [
            each
            for each in checks
            if each["CallerReference"].startswith(prefix)
            and all(each["HealthCheckConfig"].get(name) == wanted[name] for name in _FIXED)
        ]
        used = [each for each in usable if there and each["Id"] == there.get("HealthCheckId")]
        return _Item(record, there, wanted, next(iter([*used, *usable]), None))

    def _apply_check(self, item: _Item) -> str:
        """The id of the health check."""
        assert item.record is not None
        if item.check_there is None:
            reference = self._prefix(item.record.type, item.record.region) + secrets.token_hex(8)
            made = self._route53.call(
                "CreateHealthCheck", CallerReference=reference, HealthCheckConfig=dict(item.check)
            )
            return str(made["HealthCheck"]["Id"])
        if not _is_check(item.check_there, item.check):
            changed = {name: value for name, value in item.check.items() if name not in _FIXED}
            self._route53.call("UpdateHealthCheck", HealthCheckId=item.check_there["Id"], **changed)
        return str(item.check_there["Id"])

    def _prefix(self, kind: str, region: str) -> str:
        """Of the caller reference: at most 64 characters, with which one is never used again."""
        text = f"{self._zone}\x00{self._name}\x00{kind}\x00{region}"
        return f"privyseal-{hashlib.sha256(text.encode()).hexdigest()[:24]}-"

    def _lines(self) -> Sequence[Line]:
        lines = []
        for item in self._items:
            if item.record is None:
                assert item.there is not None
                lines.append(Line(DELETE, f"record {item.there['Type']}", item.there["Region"], ""))
                continue
            record, known = item.record, item.check_there
            action = CREATE if known is None else UNCHANGED if _is_check(known, item.check) else CHANGE
            lines.append(Line(action, "health check", record.region, _shown(item.check)))
            wanted = record_set(record, known["Id"] if known else "")
            action = CREATE if item.there is None else UNCHANGED if _is_same(item.there, wanted) else CHANGE
            lines.append(Line(action, f"record {record.type}", record.region, " ".join(record.values)))
        lines += [Line(DELETE, "health check", "", _shown(each["HealthCheckConfig"])) for each in self._spare]
        return lines


def _is_check(there: Mapping[str, Any], wanted: Mapping[str, object]) -> bool:
    return all(there["HealthCheckConfig"].get(name) == value for name, value in wanted.items())


def _is_same(there: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    """The order of the values says nothing."""
    if there is None or there.keys() != wanted.keys():
        return False
    values = [sorted(each["Value"] for each in one["ResourceRecords"]) for one in (there, wanted)]
    rest = all(there[name] == wanted[name] for name in wanted if name not in {"Name", "ResourceRecords"})
    return rest and values[0] == values[1]


def _shown(check: Mapping[str, Any]) -> str:
    host = check.get("IPAddress") or check.get("FullyQualifiedDomainName", "")
    host = f"[{host}]" if ":" in host else host
    return f"{check['Type'].lower()}://{host}:{check.get('Port')}{check.get('ResourcePath', '')}"
