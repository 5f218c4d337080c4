"""What every device certificate is issued under, whoever issues it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from privyseal.names import AuthorityArn, partition
from privyseal.x509.validity import ABSOLUTE, DAYS

# Between our look at the issuer's end and its own; SigV4 tolerates clocks that differ as much.
_MARGIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Terms:
    """`template` is the name in a template ARN. The default is the one of IssueCertificate."""

    authority_arn: str
    template: str = "EndEntityCertificate/V1"
    validity_days: int = 365

    @property
    def template_arn(self) -> str:
        region = AuthorityArn.parse(self.authority_arn).region
        return f"arn:{partition(region)}:acm-pca:::template/{self.template}"

    def validity(self, now: datetime, issuer_not_after: datetime | None) -> tuple[str, int]:
        """(Type, Value) as in IssueCertificate: the days, or the issuer's end where that is sooner."""
        if issuer_not_after is not None and self.is_limited(now, issuer_not_after):
            return ABSOLUTE, int(issuer_not_after.timestamp())
        return DAYS, self.validity_days

    def is_limited(self, now: datetime, issuer_not_after: datetime | None) -> bool:
        """Whether the issuer's end comes before that of a certificate that is issued now."""
        end = now + timedelta(days=self.validity_days) + _MARGIN
        return issuer_not_after is not None and end > issuer_not_after
