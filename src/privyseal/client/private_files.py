"""Files for their owner alone: 0600, and whole or not at all."""

import os
import secrets
from pathlib import Path


def write_private(path: Path, content: bytes, *, force: bool) -> None:
    """Written beside its place, then moved there: a reader sees the old file or the new one."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if force:
            draft.replace(path)
        else:
            path.hardlink_to(draft)  # unlike a rename, this fails when somebody else was first
    finally:
        draft.unlink(missing_ok=True)
