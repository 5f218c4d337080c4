"""What one name for many regions takes: a latency record for each region, with a health check.

Route 53 answers a resolver with the record of the region that is nearest to it (by latency, as AWS has
measured it), among those whose health check is well. A region with addresses has an A record, an AAAA
record, or both; one with a host name has a CNAME, which nothing else can stand beside (RFC 1034 §3.6.2).
So all regions have addresses, or all have host names.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from privyseal.errors import ErrorCode, PrivySealError

# RFC 1035 §2.3.4, RFC 1123 §2.1: labels of letters, digits and hyphens.
_HOST = re.compile(r"\A(?=.{1,253}\Z)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_REGION = re.compile(r"\A[a-z]{2}(?:-[a-z]+)+-[0-9]\Z")


@dataclass(frozen=True, slots=True)
class Check:
    """What a health check asks for. Route 53 does not look at who has issued the certificate of a server."""

    scheme: str  # HTTPS or HTTP
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Record:
    """The record of one type for one region; the region is its set identifier as well."""

    name: str
    type: str  # A, AAAA or CNAME
    region: str
    values: tuple[str, ...]
    ttl: int


def records(name: str, sites: Sequence[tuple[str, str]], ttl: int) -> Sequence[Record]:
    """From (region, address or host name) in any order. Raises INVALID_ARGUMENT."""
    found: dict[tuple[str, str], set[str]] = {}
    for region, target in sites:
        if not _REGION.match(region):
            raise _wrong(f"{region!r} is not an AWS region: eu-central-1, for example")
        kind, value = _target(target)
        found.setdefault((region, kind), set()).add(value)
    made = [
        Record(name, kind, region, tuple(sorted(found[region, kind])), ttl) for region, kind in sorted(found)
    ]
    kinds = {each.type for each in made}
    if "CNAME" in kinds and len(kinds) > 1:
        raise _wrong("name either addresses for all regions, or host names for all")
    if any(each.type == "CNAME" and len(each.values) > 1 for each in made):
        raise _wrong("a region has one host name at most")
    return made


def host_name(text: str) -> str:
    """In lower case, without the dot at the end. Raises INVALID_ARGUMENT."""
    name = text.lower().removesuffix(".")
    if not _HOST.match(name):
        raise _wrong(f"{text[:100]!r} is not a DNS name (its xn-- form where it is not ASCII)")
    return name


def health_check(record: Record, check: Check) -> Mapping[str, object]:
    """HealthCheckConfig of the route53 service model: the first address of a region is asked, or its host."""
    asked: dict[str, object] = {
        "Type": check.scheme,
        "Port": check.port,
        "ResourcePath": check.path,
        "RequestInterval": 30,
        "FailureThreshold": 3,
    }
    if record.type == "CNAME":
        asked["FullyQualifiedDomainName"] = record.values[0]
    else:  # the name of all regions is the Host header, and what TLS is asked for
        asked |= {"IPAddress": record.values[0], "FullyQualifiedDomainName": record.name}
    return asked | ({"EnableSNI": True} if check.scheme == "HTTPS" else {})


def record_set(record: Record, health_check_id: str) -> dict[str, object]:
    """ResourceRecordSet of the route53 service model."""
    return {
        "Name": f"{record.name}.",
        "Type": record.type,
        "SetIdentifier": record.region,
        "Region": record.region,
        "TTL": record.ttl,
        "ResourceRecords": [{"Value": value} for value in record.values],
        "HealthCheckId": health_check_id,
    }


def check_room(wanted: Iterable[Record], there: Iterable[Mapping[str, object]]) -> None:
    """Raises CONFLICT for what stands at the name and cannot stand beside latency records."""
    kinds = {each.type for each in wanted}
    for found in there:
        kind = str(found["Type"])
        if kind not in {"A", "AAAA", "CNAME"}:
            continue
        if "Region" not in found:
            text = f"{found['Name']} has a record of type {kind} that is not by latency: delete it first."
            raise PrivySealError(ErrorCode.CONFLICT, text)
        if "CNAME" in kinds | {kind} and kinds != {kind}:
            text = (
                f"{found['Name']} has a record of type {kind} for {found['Region']}, which cannot stand "
                f"beside {', '.join(sorted(kinds))}: remove it (--remove)."
            )
            raise PrivySealError(ErrorCode.CONFLICT, text)


def _target(text: str) -> tuple[str, str]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "CNAME", host_name(text)
    return ("A" if address.version == 4 else "AAAA"), str(address)


def _wrong(text: str) -> PrivySealError:
    return PrivySealError(ErrorCode.INVALID_ARGUMENT, f"{text[0].upper()}{text[1:]}.")
