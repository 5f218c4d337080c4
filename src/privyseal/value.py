"""Records that are made for every request: immutable, and as cheap to make as Python has them.

A NamedTuple or a frozen dataclass takes several times as long to make (docs/adr/0013). Nothing else of
msgspec is meant by it.
"""

from typing import Any, TypeVar

import msgspec


class Value(msgspec.Struct, frozen=True, gc=False):
    """The base of such records: `class Caller(Value, frozen=True)`, members as in a dataclass, equal and
    hashed by them. The garbage collector does not look inside: no member may lead back to the record, as a
    future or an exception does, whose trace holds whatever its frames hold. Such a one says `gc=True`.
    """


V = TypeVar("V", bound=Value)


def changed(value: V, **members: Any) -> V:
    """The same with other members."""
    return msgspec.structs.replace(value, **members)


def members(value: Value) -> dict[str, Any]:
    """By their names, in order."""
    return msgspec.structs.asdict(value)
