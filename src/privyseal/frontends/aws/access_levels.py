"""The access levels of the Service Authorization Reference: what an operation does to what it names."""

from enum import Enum


class Level(Enum):
    LIST = "List"
    READ = "Read"
    WRITE = "Write"
    PERMISSIONS = "Permissions management"
    TAGGING = "Tagging"

    @property
    def changes(self) -> bool:
        """Whether it changes anything; a refused one is recorded."""
        return self not in {Level.LIST, Level.READ}
