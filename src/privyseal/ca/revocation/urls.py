"""Where relying parties ask whether a certificate is revoked: the URLs that go into certificates.

They are never those of an AWS host: an AWS URL would lead nowhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

from privyseal.ca.model import Authority
from privyseal.ca.revocation.settings import CrlSettings, OcspSettings, crl_settings, ocsp_settings
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.extensions import Extension, crl_distribution_points, ocsp_access

CRL_FOLDER = "crl"


@dataclass(frozen=True, slots=True)
class StatusUrls:
    """`base` is the URL of our own plain HTTP, without a slash at its end; None where there is none.
    `object_url` gives the URL of (bucket, key) where buckets are on the web, as in S3, else None.
    """

    base: str | None
    object_url: Callable[[str, str], str | None] | None = None

    def crl(self, authority: Authority, settings: CrlSettings, partition: str) -> str:
        """Of the complete CRL, or of a partition's. Raises INVALID_ARGUMENT where there is no place."""
        key = crl_key(authority, settings, partition)
        if settings.custom_cname:
            return f"http://{settings.custom_cname}/{key}"
        if settings.bucket and self.object_url and (url := self.object_url(settings.bucket, key)):
            return url
        return f"{self._base('CrlConfiguration', 'CustomCname')}/{key}"

    def ocsp(self, settings: OcspSettings) -> str:
        """Of the responder. Raises INVALID_ARGUMENT where there is no place."""
        if settings.custom_cname:
            return f"http://{settings.custom_cname}"
        return f"{self._base('OcspConfiguration', 'OcspCustomCname')}/ocsp"

    def extensions(self, authority: Authority, partition: str) -> tuple[Extension, ...]:
        """What the authority's settings put into its certificates; `partition` is empty where it has none."""
        found = []
        crl, ocsp = crl_settings(authority), ocsp_settings(authority)
        if crl and crl.in_certificates:
            url = self.crl(authority, crl, partition if crl.partitioned else "")
            found.append(crl_distribution_points(url))
        if ocsp:
            found.append(ocsp_access(self.ocsp(ocsp)))
        return tuple(found)

    def _base(self, member: str, name: str) -> str:
        if self.base is None:
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT,
                f"{member} cannot be enabled: this service speaks TLS alone, and CRLs and OCSP are fetched "
                f"over plain HTTP. Give it an address for them (revocation-port), or give {name}.",
            )
        return self.base


def crl_name(authority: Authority, partition: str) -> str:
    """The CRL's file name without `.crl`: the authority's id for the complete one."""
    return partition or authority.arn.id


def crl_key(authority: Authority, settings: CrlSettings, partition: str) -> str:
    """The object of the bucket, and the path of the URL."""
    name = f"{crl_name(authority, partition)}.crl"
    folder = settings.custom_path or CRL_FOLDER
    return name if folder == "/" else f"{folder}/{name}"
