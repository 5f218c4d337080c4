"""The `aws` command with nothing but an endpoint and an access key in its environment."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.shell import fails, run
from tests.programs import program
from tests.service import Service

_ERROR = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation: (.*)", re.DOTALL)

RSA_CONFIGURATION = {
    "KeyAlgorithm": "RSA_2048",
    "SigningAlgorithm": "SHA256WITHRSA",
    "Subject": {
        "Country": "US",
        "Organization": "MyCompany",
        "OrganizationalUnit": "IT Department",
        "CommonName": "MyCompany Root CA",
    },
}
SUBORDINATE_CONFIGURATION = RSA_CONFIGURATION | {
    "Subject": {
        "Country": "US",
        "Organization": "MyCompany",
        "OrganizationalUnit": "IT Department",
        "CommonName": "MyCompany Subordinate CA",
    }
}
TEMPLATE = "arn:aws:acm-pca:::template/"


@dataclass(frozen=True)
class Refused:
    code: str
    operation: str
    message: str


class Aws:
    """`aws …`, run in `folder`, which is also its home: no profile and no configuration file."""

    def __init__(self, service: Service, folder: Path, **more: str) -> None:
        found = service.environment
        self.folder = folder
        self.environment = {
            "AWS_ENDPOINT_URL": found.url,
            "AWS_ACCESS_KEY_ID": found.access_key_id,
            "AWS_SECRET_ACCESS_KEY": found.secret_access_key,
            "AWS_DEFAULT_REGION": found.region,
            "PATH": str(Path(program("aws")).parent),
            "HOME": str(folder),
        } | more

    def text(self, *words: str) -> str:
        """Standard output, as it is."""
        return run(program("aws"), *words, env=self.environment, cwd=self.folder)

    def json(self, *words: str) -> Any:
        """The answer of an acm-pca operation; None where it has none."""
        said = self.text("acm-pca", *words)
        return json.loads(said) if said.strip() else None

    def refused(self, *words: str) -> Refused:
        """The error of an acm-pca operation, as the command reports it."""
        return self.refused_by("acm-pca", *words)

    def refused_by(self, *words: str) -> Refused:
        said = fails(program("aws"), *words, env=self.environment, cwd=self.folder)
        found = _ERROR.search(said)
        assert found, said
        return Refused(found[1], found[2], found[3].strip())
