"""Write the tables of docs/compatibility.md: a row for each operation and each template of acm-pca.

    compatibility.py            run the tests that the tables stand on, and write what passed
    compatibility.py --check    exit 1 where the tables are not what all those tests would write

A test speaks for an operation or a template when its parameters name it: `test_…[IssueCertificate-json]`.
What stands outside of the markers in the page is written by hand.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET  # the report of our own test run

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from privyseal.x509.profiles import PROFILES  # noqa: E402
from tests.acm_pca_errors.cannot_occur import CANNOT_OCCUR  # noqa: E402 - the tests are not installed
from tests.acm_pca_errors.wire import MODELLED, PROTOCOLS  # noqa: E402
from tests.acm_pca_members.faults import faults  # noqa: E402

PAGE = ROOT / "docs" / "compatibility.md"
MARKER = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
NO = "**no**"


class Case(NamedTuple):
    """A test that has passed, or that there is: its file, its function, its parameters."""

    file: str
    function: str
    parameters: str


MEMBERS = ("tests/acm_pca_members/test_members.py", "test_a_wrong_member_is_refused_and_nothing_happens")
ERRORS = ("tests/acm_pca_errors/test_errors.py", "test_an_error_of_the_model_is_brought_about")
EXTENSIONS = (
    "tests/templates/test_templates.py",
    "test_a_template_gives_its_extensions_and_passes_its_own_through",
)
LINT = (
    "tests/templates/test_templates.py",
    "test_pkilint_finds_what_template_and_call_ask_for_and_nothing_else",
)
EVIDENCE = (MEMBERS, ERRORS, EXTENSIONS, LINT)

_NODE = re.compile(r"^(?P<file>tests/\S+\.py)::(?P<function>\w+)(?:\[(?P<parameters>.*)\])?$")


def collected() -> set[Case]:
    """The tests that there are."""
    listing = _pytest("--collect-only")
    if listing.returncode != 0:
        raise SystemExit(f"The tests cannot be collected:\n{listing.stdout}{listing.stderr}")
    found = map(_NODE.match, listing.stdout.splitlines())
    return {Case(each["file"], each["function"], each["parameters"] or "") for each in found if each}


def passed() -> set[Case]:
    """The tests that have passed just now."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        done = _pytest(f"--junitxml={report}", "--numprocesses=2")
        print(done.stdout[-2000:])
        cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - pytest wrote it a moment ago
        return {_case(case) for case in cases if not _troubles(case)}


def _pytest(*options: str) -> subprocess.CompletedProcess[str]:
    files = sorted({file for file, _ in EVIDENCE})
    command = [sys.executable, "-m", "pytest", *options, *files]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _troubles(case: ET.Element) -> bool:
    return any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))


def _case(case: ET.Element) -> Case:
    function, _, parameters = case.attrib["name"].partition("[")
    return Case(f"{case.attrib['classname'].replace('.', '/')}.py", function, parameters.removesuffix("]"))


def operations(tests: Iterable[Case]) -> Iterator[str]:
    """A row for each operation: protocols, wrong values that were refused, errors that were provoked."""
    yield "| operation | answers in | wrong values refused | errors of the model | brought about |"
    yield "|---|---|---:|---:|---:|"
    known = set(tests)
    for operation, errors in MODELLED.items():
        spoken = [each for each in PROTOCOLS if Case(*MEMBERS, f"{operation}-{each}") in known]
        refused = sum(1 for each in spoken for _ in faults(operation, each))
        provoked = sum(Case(*ERRORS, f"{operation}-{error}") in known for error in errors)
        answers = ", ".join(spoken) or NO
        yield f"| {operation} | {answers} | {refused} | {len(errors)} | {provoked} |"


def reasons(_tests: Iterable[Case]) -> Iterator[str]:
    """A row for each error that cannot occur."""
    yield "| error | operations | why it cannot occur |"
    yield "|---|---|---|"
    for reason in CANNOT_OCCUR:
        yield f"| {reason.error} | {', '.join(reason.operations)} | {reason.why} |"


def templates(tests: Iterable[Case]) -> Iterator[str]:
    """A row for each template: judged by openssl, judged by pkilint."""
    yield "| template | extensions, as `openssl` reads them | pkilint |"
    yield "|---|---|---|"
    known = set(tests)
    for template in sorted(PROFILES):
        name = template.removesuffix("/V1")
        cells = ("yes" if Case(*test, name) in known else NO for test in (EXTENSIONS, LINT))
        yield f"| {template} | {' | '.join(cells)} |"


TABLES = {"operations": operations, "reasons": reasons, "templates": templates}


def page(tests: set[Case], text: str) -> str:
    """The page with its tables made new."""
    missing = {name for _, name, _ in MARKER.findall(text)} ^ set(TABLES)
    if missing:
        raise SystemExit(f"{PAGE.name} and this tool do not have the same tables: {', '.join(missing)}")
    return MARKER.sub(lambda found: found[1] + "\n".join(TABLES[found[2]](tests)) + f"\n{found[3]}", text)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args(arguments)
    text = PAGE.read_text()
    if options.check:
        if page(collected(), text) == text:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is not what the tests say: run tools/compatibility.py")
        return 1
    written = page(passed(), text)
    PAGE.write_text(written)
    if NO in written:
        print(f"{PAGE.relative_to(ROOT)} has rows without a test that passed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
