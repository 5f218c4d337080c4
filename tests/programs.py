"""Other people's programs that tests talk to: found, or the test is skipped and says which is missing.

With PRIVYSEAL_REQUIRE_PROGRAMS=1 (CI) a missing program is a failure, except those that no
package registry has.
"""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Programs that cannot be installed from a package registry: they stay optional everywhere.
IN_NO_REGISTRY = frozenset({"terraform"})

# Programs in environments of their own; `make test` builds them.
OWN_ENVIRONMENTS = {"aws": ROOT / ".venv-aws" / "bin" / "aws"}


def program(name: str) -> str:
    """The path of a program. Skips the test where it is missing (or fails it, see above)."""
    own = OWN_ENVIRONMENTS.get(name)
    found = str(own) if own and own.exists() else None if own else shutil.which(name)
    if found:
        return found
    if os.environ.get("PRIVYSEAL_REQUIRE_PROGRAMS") == "1" and name not in IN_NO_REGISTRY:
        pytest.fail(f"the program {name} is required here and not installed")
    pytest.skip(f"the program {name} is not installed")
