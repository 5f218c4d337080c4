"""The real `terraform` with the real AWS provider, off line, on a configuration in a folder of its own."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.programs import program
from tests.service import Service

PLUGINS = "PRIVYSEAL_TERRAFORM_PLUGINS"
PROVIDER = "registry.terraform.io/hashicorp/aws"
CONFIGURATION = Path(__file__).with_name("pki.tf")
SECONDS = 300  # the provider takes seconds to start, and starts with every command

# `terraform plan -detailed-exitcode`: what its exit status says.
NO_CHANGES, CHANGES = 0, 2

_CLI_CONFIGURATION = """\
disable_checkpoint = true
provider_installation {{
  filesystem_mirror {{
    path = "{plugins}"
  }}
}}
"""


def plugins() -> Path:
    """The filesystem mirror with the provider. Skips the test where there is none."""
    given = os.environ.get(PLUGINS)
    if not given:
        pytest.skip(f"{PLUGINS} does not name a folder with the AWS provider (a filesystem mirror)")
    folder = Path(given)
    if not (folder / PROVIDER).is_dir():
        pytest.skip(f"the folder that {PLUGINS} names holds no {PROVIDER}")
    return folder


class Terraform:
    """Runs in `folder` with nothing but an access key, a region, and its own CLI configuration."""

    def __init__(
        self, service: Service, folder: Path, mirror: Path, configuration: Path = CONFIGURATION
    ) -> None:
        self._program = program("terraform")
        self._folder = folder
        settings = folder / "terraform.rc"
        settings.write_text(_CLI_CONFIGURATION.format(plugins=mirror.absolute()))
        (folder / configuration.name).write_text(configuration.read_text())
        found = service.environment
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TF_CLI_CONFIG_FILE": str(settings),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "AWS_ACCESS_KEY_ID": found.access_key_id,
            "AWS_SECRET_ACCESS_KEY": found.secret_access_key,
            "AWS_REGION": found.region,
            "TF_VAR_endpoint": found.url,
        }

    def set(self, **variables: str) -> None:
        """Input variables of the configuration, from now on."""
        self._environment |= {f"TF_VAR_{name}": value for name, value in variables.items()}

    def __call__(self, *words: str, status: int = 0) -> str:
        """The output of a command that ends with that status."""
        done = subprocess.run(
            [self._program, *words, *(() if words[0] == "output" else ("-no-color",))],
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == status, f"terraform {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def outputs(self) -> dict[str, Any]:
        return {name: each["value"] for name, each in json.loads(self("output", "-json")).items()}
