"""All repositories of managed certificates, as `wiring/` puts them together."""

from dataclasses import dataclass

from privyseal.ca.ports import Tags
from privyseal.managed.ports import AccountConfigurations, Imports, IssuedSerials, ManagedCertificates
from privyseal.managed.search import CertificateSearch


@dataclass(frozen=True, slots=True)
class ManagedRows:
    certificates: ManagedCertificates
    serials: IssuedSerials
    accounts: AccountConfigurations
    imports: Imports
    search: CertificateSearch
    tags: Tags  # a certificate's id is the resource
