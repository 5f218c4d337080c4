"""The names that a deployment of serverless-ca has, from its project and its environment.

Source: serverless-ca's Terraform module: names of functions, aliases, tables and objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

PROJECT: Final = "serverless"
ENVIRONMENT: Final = "dev"
# Environments whose authorities and bundles have no suffix.
PRODUCTION: Final = ("prd", "prod")

TLS: Final = "tls-cert"
# The part of a function's name after its project → what it does
FUNCTIONS: Final = MappingProxyType(
    {
        "create-root-ca": "makes the root",
        "create-issuing-ca": "makes the issuing authority",
        "root-ca-crl": "publishes the root's CRL",
        "issuing-ca-crl": "publishes the issuing authority's CRL",
        TLS: "issues a certificate",
        "expiry": "sends reminders of certificates that will expire",
        "notify": "forwards notices",
    }
)


@dataclass(frozen=True, slots=True)
class Names:
    project: str = PROJECT
    environment: str = ENVIRONMENT
    production: Sequence[str] = PRODUCTION

    def function(self, what: str) -> str:
        """`what` is a row of FUNCTIONS."""
        return f"{self.project}-{what}-{self.environment}"

    @property
    def state_machine(self) -> str:
        return f"{self.project}-ca-{self.environment}"

    @property
    def root(self) -> str:
        """The root's slug: its key alias, its CommonName in the table, the stem of its files."""
        return self._short("root-ca")

    @property
    def issuing(self) -> str:
        return self._short("issuing-ca")

    @property
    def key_generation(self) -> str:
        """The alias of the key that makes data key pairs, without `alias/`."""
        return self._short("tls-keygen")

    @property
    def bundle(self) -> str:
        """The object that holds both authorities' certificates."""
        return f"{self._short('ca-bundle')}.pem"

    @property
    def table(self) -> str:
        project = self.project.replace("-", " ").title().replace(" ", "")
        return f"{project}CA{self.environment.title()}"

    @property
    def topic(self) -> str:
        return f"{self.project}-ca-notifications-{self.environment}"

    @property
    def bucket(self) -> str:
        """The bucket of requests and CSR files."""
        return f"{self.project}-ca-internal-{self.environment}"

    def _short(self, what: str) -> str:
        suffix = "" if self.environment in self.production else f"-{self.environment}"
        return f"{self.project}-{what}{suffix}"
