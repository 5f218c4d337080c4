"""Where events go, one technology per file."""

TARGETS: dict[str, str] = {}
