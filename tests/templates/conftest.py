"""An issuing root and a root that is still pending, shared by the tests of a worker."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
from cryptography import x509

from tests.e2e.boto import activate, client, create, issue
from tests.service import Service
from tests.templates import openssl_text


@dataclass
class Scene:
    """boto3 on the service, and authorities that are these tests' own."""

    service: Service
    pca: Any

    @cached_property
    def root(self) -> str:
        """ACTIVE, without a path length."""
        arn = create(self.pca, name="Templates Root")
        activate(self.pca, arn)
        return arn

    @cached_property
    def pending(self) -> str:
        """A root that signs itself and never installs what it signs."""
        return create(self.pca, name="Templates Pending Root")

    def csr_of(self, arn: str) -> bytes:
        answer = self.pca.get_certificate_authority_csr(CertificateAuthorityArn=arn)
        return str(answer["Csr"]).encode()

    def issue(self, arn: str, csr: bytes, template: str, **more: Any) -> str:
        """The certificate, PEM."""
        return self.get(arn, issue(self.pca, arn, csr, template, **more))

    def get(self, arn: str, certificate: str) -> str:
        answer = self.pca.get_certificate(CertificateAuthorityArn=arn, CertificateArn=certificate)
        return str(answer["Certificate"])

    @cached_property
    def root_key_id(self) -> str:
        answer = self.pca.get_certificate_authority_certificate(CertificateAuthorityArn=self.root)
        return own_key_id(str(answer["Certificate"]))


def own_key_id(pem: str) -> str:
    """The key identifier that another library computes from the certificate's key."""
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    return openssl_text.key_id(x509.SubjectKeyIdentifier.from_public_key(key).digest)


@pytest.fixture(scope="session")
def scene(service: Service) -> Iterator[Scene]:
    with client(service) as pca:
        yield Scene(service, pca)
