"""What a run does with each entry, and why. Pure: `planning` has found out what there is already.

The same key under the same name is never issued twice by these files, whatever the entry says: a run
that is done again does nothing. A key that has a certificate under another name is refused, as the
certificate function refuses it, unless the entry forces it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from privyseal.serverless.gitops.entries import BadEntry
from privyseal.serverless.gitops.snapshot import TLS
from privyseal.serverless.refusals import ALREADY_ISSUED, KEY_REUSED


class Action(StrEnum):
    ISSUE = "issue"
    RENEW = "renew"  # the name has a certificate, for another key
    REVOKE = "revoke"
    LEAVE = "leave"  # done already
    SKIP = "skip"  # nothing here is meant
    REFUSE = "refuse"


CHANGES = frozenset({Action.ISSUE, Action.RENEW, Action.REVOKE})


@dataclass(frozen=True, slots=True)
class Step:
    """One entry and what is done with it. `number` is its place in `file`, 0 for the whole file."""

    file: str
    number: int
    action: Action
    common_name: str = ""
    serial: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry of tls.json. `refusal`: it cannot be read; `problem`: it is refused if its key allows it."""

    number: int
    common_name: str
    key_digest: bytes = b""
    forces: bool = False
    refusal: str = ""
    problem: str = ""
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What there is: keys that have certificates, names that have them, and which name has which key."""

    keys: frozenset[bytes]
    names: frozenset[str]
    pairs: frozenset[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Plan:
    """In the order in which it is carried out."""

    revision: str
    steps: Sequence[Step]

    def counts(self) -> Mapping[str, int]:
        return counted(Counter(step.action for step in self.steps))

    @property
    def changes(self) -> bool:
        return any(step.action in CHANGES for step in self.steps)

    @property
    def refuses(self) -> bool:
        return any(step.action is Action.REFUSE for step in self.steps)


def counted(found: Mapping[Action, int]) -> Mapping[str, int]:
    """How many of each, by name; every action is there."""
    return {action.value: found.get(action, 0) for action in Action}


def not_as_asked(warnings: Sequence[str]) -> str:
    """What a certificate has not, or has less of, than its entry asks for."""
    return f"not as asked: {'; '.join(warnings)}" if warnings else ""


def bad_steps(bad: Sequence[BadEntry]) -> Iterator[Step]:
    for each in bad:
        yield Step(each.file, each.number, Action.REFUSE, each.common_name, reason=each.problem)


def request_steps(candidates: Sequence[Candidate], known: Known, *, strict: bool) -> Iterator[Step]:
    """`strict`: a key has one certificate over all names. Each entry counts for those after it."""
    keys, names, pairs = set(known.keys), set(known.names), set(known.pairs)
    for each in candidates:
        action, reason = _decided(each, keys, names, pairs, strict=strict)
        if action in CHANGES:
            keys.add(each.key_digest)
            names.add(each.common_name)
            pairs.add((each.common_name, each.key_digest))
        yield Step(TLS, each.number, action, each.common_name, reason=reason)


def _decided(
    each: Candidate, keys: set[bytes], names: set[str], pairs: set[tuple[str, bytes]], *, strict: bool
) -> tuple[Action, str]:
    if each.refusal:
        return Action.REFUSE, each.refusal
    if (each.common_name, each.key_digest) in pairs:
        return Action.LEAVE, ALREADY_ISSUED
    if strict and each.key_digest in keys and not each.forces:
        return Action.REFUSE, KEY_REUSED
    if each.problem:
        return Action.REFUSE, each.problem
    missing = f"; {not_as_asked(each.warnings)}" if each.warnings else ""
    if each.common_name in names:
        return Action.RENEW, f"the name has a certificate for another key{missing}"
    return Action.ISSUE, f"the name has no certificate yet{missing}"
