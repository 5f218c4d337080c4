"""The tables of docs/compatibility.md say what tests say, row by row."""

from privyseal.frontends.aws.shapes_acm_pca import OPERATIONS
from privyseal.x509.profiles import PROFILES
from tools import compatibility
from tools.compatibility import ERRORS, EXTENSIONS, LINT, MEMBERS, NO, Case

TEXT = compatibility.PAGE.read_text()


def test_every_operation_and_every_template_has_a_row() -> None:
    """One, in the page as it is."""
    for name in (*OPERATIONS, *PROFILES):
        assert TEXT.count(f"\n| {name} | ") == 1, name


def test_without_tests_no_row_claims_anything() -> None:
    """Not one protocol, not one error, not one template."""
    written = compatibility.page(set(), TEXT)
    rows = [line for line in written.splitlines() if line.startswith("| ") and NO in line]
    assert len(rows) == len(OPERATIONS) + len(PROFILES)
    assert "json" not in "".join(rows)


def test_a_test_counts_for_the_row_that_its_parameters_name() -> None:
    """And for no other."""
    tests = {
        Case(*MEMBERS, "GetPolicy-cbor"),
        Case(*ERRORS, "GetPolicy-InvalidArnException"),
        Case(*EXTENSIONS, "EndEntityCertificate"),
        Case(*LINT, "EndEntityCertificate"),
    }
    changed = set(compatibility.page(tests, TEXT).splitlines()) - set(
        compatibility.page(set(), TEXT).splitlines()
    )
    template, operation = sorted(changed)
    assert template == "| EndEntityCertificate/V1 | yes | yes |"
    assert operation.startswith("| GetPolicy | cbor | ")
    assert operation.endswith(" | 4 | 1 |")
