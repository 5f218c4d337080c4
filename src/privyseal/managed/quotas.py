"""How many certificates an account may import in a region, where the operator has set a limit.

Source: AWS Certificate Manager user guide, "Quotas": 2,500 imported certificates, and 5,000 imported in the
last 365 days; AWS raises both on request. What an authority of AWS Private CA has signed counts for none of
its quotas, so requests are not counted. Deleting makes room in the first, and none in the second.
"""

from dataclasses import dataclass

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed.ports import Imports
from privyseal.store import Tx


@dataclass(frozen=True, slots=True)
class ImportQuota:
    """None: no limit."""

    at_once: int | None = None
    in_a_year: int | None = None

    def check(self, tx: Tx, imports: Imports, account: str, region: str) -> None:
        """Raises LIMIT_EXCEEDED where there is no room for one more."""
        if self.at_once is not None and imports.now(tx, account, region) >= self.at_once:
            raise PrivySealError(
                ErrorCode.LIMIT_EXCEEDED,
                f"The account has {self.at_once} imported certificates, which is its limit. Delete one"
                " that is not needed any more, or import in place of it (CertificateArn).",
            )
        if self.in_a_year is not None and imports.counting(tx, account, region) >= self.in_a_year:
            raise PrivySealError(
                ErrorCode.LIMIT_EXCEEDED,
                f"The account has imported {self.in_a_year} certificates in the last 365 days, which is its"
                " limit. Imports in place of another (CertificateArn) do not count.",
            )
