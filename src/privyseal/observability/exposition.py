"""Prometheus's text format (version 0.0.4), for what is read when it is asked for."""

from collections.abc import Iterable, Mapping

Labels = Mapping[str, str]

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def family(name: str, text: str, kind: str, samples: Iterable[tuple[Labels, float]]) -> bytes:
    """One metric with its samples; nothing where there are none."""
    lines = [sample(name, labels, value) for labels, value in samples]
    return _joined([*heading(name, text, kind), *lines]) if lines else b""


def heading(name: str, text: str, kind: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def sample(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{each.translate(_ESCAPES)}"' for key, each in labels.items())
    number = str(value) if isinstance(value, int) else f"{value:.0f}"
    return f"{name}{{{inside}}} {number}" if inside else f"{name} {number}"


def _joined(lines: Iterable[str]) -> bytes:
    # a certificate may name itself with a lone surrogate: an answer is made all the same
    return "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")


def histogram(name: str, text: str, rows: Iterable[tuple[Labels, Mapping[str, int], int, int]]) -> bytes:
    """`rows` are labels, the number up to each bound ("+Inf" last), the sum, and the number of all."""
    lines = heading(name, text, "histogram")
    for labels, buckets, total, number in rows:
        lines += [sample(f"{name}_bucket", {**labels, "le": le}, n) for le, n in buckets.items()]
        lines += [sample(f"{name}_sum", labels, total), sample(f"{name}_count", labels, number)]
    return _joined(lines)
