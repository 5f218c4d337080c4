"""Filter statements of SearchCertificates as the filters of the domain.

A statement and each filter in it is a union: exactly one member.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import shapes_acm as shapes
from privyseal.managed.filters import MAX_DEPTH, NOTHING, And, Between, Contains, Filter, Has, Is, Not, Or
from privyseal.names import ManagedArn

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def filter_of(statement: shapes.CertificateFilterStatement, depth: int = 1) -> Filter:
    """Raises VALIDATION for a union without exactly one member, and for what is nested too deeply."""
    if depth > MAX_DEPTH:
        text = f"The filter statement is nested more than {MAX_DEPTH} levels deep."
        raise PrivySealError(ErrorCode.VALIDATION, text)
    name, value = _only(statement)
    match name:
        case "and_":
            return And(tuple(filter_of(each, depth + 1) for each in value))
        case "or_":
            return Or(tuple(filter_of(each, depth + 1) for each in value))
        case "not_":
            return Not(filter_of(value, depth + 1))
    return _filter(value)


def _filter(wanted: shapes.CertificateFilter) -> Filter:
    name, value = _only(wanted)
    if name == "certificate_arn":
        return Is("id", _id(value))
    member, inner = _only(value)
    table = _ATTRIBUTES if name == "x509_attribute_filter" else _METADATA
    return table[member](inner)


def _id(arn: str) -> str:
    """The id of an ARN; what is no ARN of a certificate is none of them."""
    try:
        return ManagedArn.parse(arn).id
    except PrivySealError:
        return ""


def _text(attribute: str) -> Callable[[shapes.CommonNameFilter | shapes.DnsNameFilter], Filter]:
    def make(wanted: shapes.CommonNameFilter | shapes.DnsNameFilter) -> Filter:
        value = wanted.value.lower()
        if wanted.comparison_operator == "CONTAINS":
            return Contains(attribute, value)
        return Has(attribute, value) if attribute == "names" else Is(attribute, value)

    return make


def _common_name(wanted: shapes.SubjectFilter) -> Filter:
    return _text("domain")(_only(wanted)[1])


def _alternative_name(wanted: shapes.SubjectAlternativeNameFilter) -> Filter:
    return _text("names")(_only(wanted)[1])


def _time(attribute: str) -> Callable[[shapes.TimestampRange], Filter]:
    return lambda wanted: Between(attribute, _at(wanted.start), _at(wanted.end))


def _at(seconds: float | None) -> datetime | None:
    return None if seconds is None else _EPOCH + timedelta(seconds=seconds)


def _is(attribute: str) -> Callable[[str | bool], Filter]:
    return lambda value: Is(attribute, value)


def _has(attribute: str) -> Callable[[str], Filter]:
    return lambda value: Has(attribute, value)


def _nothing(_: Any) -> Filter:
    return NOTHING


# Members of X509AttributeFilter and of AcmCertificateMetadataFilter.
_ATTRIBUTES: Mapping[str, Callable[[Any], Filter]] = {
    "subject": _common_name,
    "subject_alternative_name": _alternative_name,
    "extended_key_usage": _has("purposes"),
    "key_usage": _has("usages"),
    "key_algorithm": _is("key_algorithm"),
    "serial_number": _is("serial"),
    "not_after": _time("not_after"),
    "not_before": _time("not_before"),
}
_METADATA: Mapping[str, Callable[[Any], Filter]] = {
    "status": _is("status"),
    "renewal_status": _is("renewal_status"),
    "type": _is("kind"),
    "in_use": _is("in_use"),
    "exported": _is("exported"),
    "export_option": _is("export_option"),
    "managed_by": _nothing,
    "validation_method": _nothing,
    "certificate_key_pair_origin": _is("origin"),
    "acme_endpoint_arn": _nothing,
    "acme_account_id": _nothing,
}


def _only(union: Struct) -> tuple[str, Any]:
    """The name and the value of its one member."""
    given = [(name, value) for name in union.__struct_fields__ if (value := getattr(union, name)) is not None]
    if len(given) != 1:
        text = f"A {type(union).__name__} has exactly one member, not {len(given)}."
        raise PrivySealError(ErrorCode.VALIDATION, text)
    return given[0]
