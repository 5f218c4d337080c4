"""Whether certificates are what their ARNs and CSRs say: asked of each one after the clock has stopped."""

import json
from collections.abc import Mapping

from cryptography import x509

from bench import load, requests
from privyseal.client.connection import Environment

CONNECTIONS = 16


def arn_in(answer: load.Answer) -> str:
    """The certificate's ARN; a refusal fails the run."""
    assert answer.status == 200, answer.body
    arn = json.loads(answer.body)["CertificateArn"]
    assert isinstance(arn, str)
    return arn


def fetch(environment: Environment, arns: list[str]) -> dict[str, str]:
    """GetCertificate of each: ARN → PEM of certificate and chain."""
    calls = [requests.get(environment, arn) for arn in arns]
    host, port = requests.address(environment)
    outcome = load.run(host, port, load.one_after_another(calls), CONNECTIONS)
    assert not outcome.cut, f"{len(outcome.cut)} reads were not answered"
    found = {}
    for answer in outcome.answers:
        assert answer.status == 200, (arns[answer.request], answer.body)
        pem = json.loads(answer.body)
        found[arns[answer.request]] = pem["Certificate"] + "\n" + pem["CertificateChain"]
    assert len(found) == len(arns)
    return found


def check(pems: Mapping[str, str], keys: Mapping[str, bytes]) -> None:
    """Each certificate has the serial of its ARN, the key of its CSR (`keys`: DER by ARN), and a chain
    in which every certificate is signed by the next one, the last by itself.
    """
    verified: set[str] = set()
    for arn, pem in pems.items():
        leaf, *chain = x509.load_pem_x509_certificates(pem.encode())
        assert f"{leaf.serial_number:032x}" == arn.rpartition("/")[2], arn
        assert requests.spki(leaf) == keys[arn], arn
        leaf.verify_directly_issued_by(chain[0])
        authorities = pem[pem.index("-----END") :]
        if authorities not in verified:
            for below, above in zip(chain, [*chain[1:], chain[-1]], strict=True):
                below.verify_directly_issued_by(above)
            verified.add(authorities)
