"""Whether a process runs."""

from pathlib import Path


def is_running(pid: int) -> bool:
    """A zombie, which waits for its parent, does not run."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}
