"""House rules that no linter knows: file length, lock files, and what must not be in the tree.

Run by `make check`; prints what is wrong and where, and exits 1.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_LINES = 400
# Generated files may be as long as the service model makes them.
GENERATED = re.compile(r"/shapes_\w+\.py$")
# Absolute paths of somebody's machine.
MACHINE_PATH = re.compile(r"(?<![\w.}$])/(?:home|Users|root|work)/\w+")
LOCKED = re.compile(r"^[a-z0-9._-]+==\S+( ; .+)? \\$", re.IGNORECASE)


def main() -> int:
    problems = [*long_files(), *lock_problems(), *machine_paths()]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for line in listing.stdout.splitlines() if (path := ROOT / line).exists()]


def long_files() -> Iterator[str]:
    for path in tracked("*.py"):
        lines = len(path.read_text().splitlines())
        if lines > MAX_LINES and not GENERATED.search(path.as_posix()):
            yield f"{path.relative_to(ROOT)}: {lines} lines, more than {MAX_LINES}: it has two subjects"


def lock_problems() -> Iterator[str]:
    for path in tracked("requirements/*.txt"):
        text = path.read_text()
        if "://" in text:
            yield f"{path.relative_to(ROOT)}: a lock file names no address"
        for number, line in enumerate(text.splitlines(), 1):
            if not (LOCKED.match(line) or line.startswith("    --hash=sha256:")):
                yield f"{path.relative_to(ROOT)}:{number}: neither a pinned package nor a hash: {line[:60]}"


def machine_paths() -> Iterator[str]:
    for path in tracked():
        if path.suffix in {".py", ".md", ".toml", ".sql", ".txt", ".json", ".sh"} or path.name == "Makefile":
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if MACHINE_PATH.search(line):
                    where = f"{path.relative_to(ROOT)}:{number}"
                    yield f"{where}: an absolute path of a machine: {line.strip()[:80]}"


if __name__ == "__main__":
    sys.exit(main())
