"""The section about managed certificates."""

from typing import Annotated

from msgspec import Meta, Struct


class ManagedSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[managed]`: certificates that are requested from AWS Certificate Manager and kept fresh."""

    validity_days: Annotated[int, Meta(ge=1, le=36500)] = 395  # of what is issued or renewed
    renewal_days: Annotated[int, Meta(ge=1, le=36500)] = 60  # before the expiry; a third of the life at most
