"""The blocking lint: structural rules of RFC 5280, asked of every to-be-signed certificate.

It reads the values that will be signed, not those that somebody meant to put there. A finding here
is the last stop before the key.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.value import Value
from privyseal.x509 import extensions, oids
from privyseal.x509.build import ToBeSigned
from privyseal.x509.extensions import Extension
from privyseal.x509.general_names import read_general_names
from privyseal.x509.keys import key_identifier
from privyseal.x509.name_constraints import broken_constraint
from privyseal.x509.profiles import ROOT
from privyseal.x509.refusal import RefusalError
from privyseal.x509.second_reader import others_can_read


class _Values(Value, frozen=True):
    """The certificate as a reader of it will see it."""

    tbs: ToBeSigned
    found: Mapping[str, Extension]
    ca: bool
    path_length: int | None
    usages: frozenset[str] | None
    subject_key_id: bytes | None
    authority_key_id: bytes | None


@dataclass(frozen=True, slots=True)
class Rule:
    """`holds` is true of a certificate that keeps the rule."""

    section: str
    text: str
    holds: Callable[[_Values], bool]


def _is_critical(values: _Values, oid: str) -> bool:
    extension = values.found.get(oid)
    return extension is not None and extension.critical


def _names_are_legal(values: _Values) -> bool:
    alternative = values.found.get(oids.SUBJECT_ALTERNATIVE_NAME)
    return alternative is None or bool(read_general_names(alternative.value))


def _is_named(values: _Values) -> bool:
    if values.tbs.subject.rdns:
        return not _is_critical(values, oids.SUBJECT_ALTERNATIVE_NAME)
    return not values.ca and _is_critical(values, oids.SUBJECT_ALTERNATIVE_NAME)


def _fits_under_issuer(values: _Values) -> bool:
    limit = values.tbs.issuer.path_length
    if limit is None or not values.ca:
        return True
    return values.path_length is not None and values.path_length < limit


def _has_purposes(values: _Values) -> bool:
    extension = values.found.get(oids.EXTENDED_KEY_USAGE)
    return extension is None or bool(extensions.read_extended_key_usage(extension.value))


def _knows_its_signer(values: _Values) -> bool:
    if values.tbs.profile.kind == ROOT:
        return values.tbs.issuer.subject.raw == values.tbs.subject.raw
    return bool(values.authority_key_id) and values.authority_key_id != values.subject_key_id


def _root_names_itself(values: _Values) -> bool:
    """A root has an AKI where the call passes one through; it can name no other key than its own."""
    extension = values.found.get(oids.AUTHORITY_KEY_IDENTIFIER)
    if values.tbs.profile.kind != ROOT or extension is None:
        return True
    own = values.subject_key_id
    return own is not None and extension.value == extensions.authority_key_identifier(own).value


def _constrains_as_ca(values: _Values) -> bool:
    return values.ca or oids.NAME_CONSTRAINTS not in values.found


def _is_allowed(values: _Values) -> bool:
    constraints = values.tbs.issuer.constraints
    alternative = values.found.get(oids.SUBJECT_ALTERNATIVE_NAME)
    return not constraints or broken_constraint(constraints, values.tbs.subject, alternative) is None


def _is_what_it_says(values: _Values) -> bool:
    """Of what was passed through verbatim; the profile's own extensions need no second reader."""
    profile = values.tbs.profile
    if not (profile.takes_api or profile.takes_csr):
        return True
    passed = values.tbs.extensions[len(profile.extensions) :]
    return all(others_can_read(extension) for extension in passed if extension.oid not in _READ_HERE)


# The key identifiers are ours; `general_names` knows kinds of alternative names that others do not.
_READ_HERE = frozenset(
    {oids.SUBJECT_KEY_IDENTIFIER, oids.AUTHORITY_KEY_IDENTIFIER, oids.SUBJECT_ALTERNATIVE_NAME}
)


RULES: tuple[Rule, ...] = (
    Rule(
        "4.1.2.2",
        "the serial number is positive and has at most 20 octets",
        lambda v: 0 < v.tbs.serial < 1 << 159,
    ),
    Rule("4.1.2.4", "the issuer has a name", lambda v: bool(v.tbs.issuer.subject.rdns)),
    Rule("4.1.2.5", "it ends after it begins", lambda v: v.tbs.not_before < v.tbs.not_after),
    Rule(
        "4.1.2.5",
        "it does not outlive its issuer",
        lambda v: v.tbs.issuer.not_after is None or v.tbs.not_after <= v.tbs.issuer.not_after,
    ),
    Rule(
        "4.1.2.6",
        "a CA has a subject, and whoever has none has a critical subject alternative name",
        _is_named,
    ),
    Rule("4.2", "no extension occurs twice", lambda v: len(v.found) == len(v.tbs.extensions)),
    Rule("4.2", "every extension has the form that its identifier promises", _is_what_it_says),
    Rule(
        "4.2.1.1",
        "a root issues itself; all others name the key of another issuer",
        _knows_its_signer,
    ),
    Rule("4.2.1.1", "the authority key identifier of a root names the root's own key", _root_names_itself),
    Rule(
        "4.2.1.1",
        "key identifiers are not critical",
        lambda v: (
            not (
                _is_critical(v, oids.AUTHORITY_KEY_IDENTIFIER) or _is_critical(v, oids.SUBJECT_KEY_IDENTIFIER)
            )
        ),
    ),
    Rule(
        "4.2.1.2",
        "the subject key identifier is that of the key",
        lambda v: v.subject_key_id == key_identifier(v.tbs.spki),
    ),
    Rule("4.2.1.3", "a key usage names at least one use", lambda v: v.usages is None or bool(v.usages)),
    Rule(
        "4.2.1.3",
        "a CA may sign certificates, and nobody else may",
        lambda v: v.usages is None or v.ca == ("keyCertSign" in v.usages),
    ),
    Rule("4.2.1.6", "the subject alternative names are legal and at least one", _names_are_legal),
    Rule(
        "4.2.1.9",
        "a CA has critical basic constraints",
        lambda v: not v.ca or _is_critical(v, oids.BASIC_CONSTRAINTS),
    ),
    Rule("4.2.1.9", "only a CA has a path length", lambda v: v.ca or v.path_length is None),
    Rule("4.2.1.9", "its path length is smaller than its issuer's", _fits_under_issuer),
    Rule("4.2.1.10", "only a CA has name constraints", _constrains_as_ca),
    Rule("4.2.1.10", "its names are within the name constraints of the authorities above it", _is_allowed),
    Rule("4.2.1.12", "an extended key usage names at least one purpose", _has_purposes),
)


def lint(tbs: ToBeSigned) -> None:
    """Raise INVALID_ARGUMENT with every broken rule; return if there is none."""
    try:
        values = _values(tbs)
        broken = [f"{rule.text} (RFC 5280 §{rule.section})" for rule in RULES if not rule.holds(values)]
    except RefusalError as error:
        broken = [str(error)]
    if broken:
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT, f"The certificate would break these rules: {'; '.join(broken)}."
        )


def _values(tbs: ToBeSigned) -> _Values:
    found = {extension.oid: extension for extension in tbs.extensions}
    constraints = found.get(oids.BASIC_CONSTRAINTS)
    ca, path_length = extensions.read_basic_constraints(constraints.value) if constraints else (False, None)
    usage = found.get(oids.KEY_USAGE)
    own = found.get(oids.SUBJECT_KEY_IDENTIFIER)
    issuers = found.get(oids.AUTHORITY_KEY_IDENTIFIER)
    return _Values(
        tbs=tbs,
        found=found,
        ca=ca,
        path_length=path_length,
        usages=extensions.read_key_usage(usage.value) if usage else None,
        subject_key_id=extensions.read_subject_key_identifier(own.value) if own else None,
        authority_key_id=extensions.read_authority_key_identifier(issuers.value) if issuers else None,
    )
