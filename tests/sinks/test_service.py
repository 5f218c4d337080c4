"""The running service exports to where its settings say."""

import json
import re
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from privyseal.events.checkpoint import read_exported
from tests.publishers.fake_s3 import FakeS3
from tests.service import COMMAND, Service, clean_environment
from tests.sinks.conftest import BUCKET

PATIENCE = 30  # seconds
_COUNTED = re.compile(r'^privyseal_audit_exports_total\{outcome="(\w+)"\} (\S+)$', re.MULTILINE)


@pytest.fixture(name="data")
def data_fixture(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    return data


@pytest.fixture(name="bucket")
def bucket_fixture(s3: FakeS3, data: Path) -> FakeS3:
    section = ('[audit]\nsink = "s3"\ninterval-seconds = 0.2\nprefix = "ca-1"\nregion = "eu-central-1"\n'
               f'bucket = "{BUCKET}"\nendpoint-url = "{s3.url}"\n')  # fmt: skip
    (data / "privyseal.toml").write_text(section)
    return s3


def started(data: Path) -> Service:
    keys = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret"}
    return Service(data, AWS_EC2_METADATA_DISABLED="true", **keys).start()


def wait_for(s3: FakeS3, count: int) -> None:
    until = time.monotonic() + PATIENCE
    while len(s3.objects) < count:
        assert time.monotonic() < until, s3.requests
        time.sleep(0.05)


def test_checkpoints_arrive_in_a_bucket_and_verify_from_there(
    bucket: FakeS3, data: Path, tmp_path: Path
) -> None:
    """Nothing is lost while the bucket refuses them, and a copy of the bucket proves the database."""
    service = started(data)
    try:
        wait_for(bucket, 1)
        bucket.refusals[BUCKET] = (403, "AccessDenied")
        client = service.environment.client()
        arn = service.environment.issuing_ca_arn
        for number in range(2):
            tags = [{"Key": f"k{number}"}]
            client.call("TagCertificateAuthority", {"CertificateAuthorityArn": arn, "Tags": tags})
            time.sleep(0.5)
        bucket.refusals.clear()
        wait_for(bucket, 3)
        with urlopen(f"{service.url}/metrics") as metrics:
            counted = dict(_COUNTED.findall(metrics.read().decode()))
        assert int(float(counted["kept"])) >= 3
        assert int(float(counted["failed"])) >= 1
        assert service.stop() == 0
    finally:
        service.kill()
    copy = tmp_path / "copy"
    copy.mkdir()
    for (_, key), (content, _) in bucket.objects.items():
        assert key.startswith("ca-1/")
        (copy / key.partition("/")[2]).write_bytes(content)
    numbers = [read_exported(path.read_text())[0].number for path in sorted(copy.iterdir())]
    assert numbers == list(range(1, len(numbers) + 1))
    command = [*COMMAND, "audit", "verify", "--data-dir", str(data), "--checkpoints", str(copy)]
    done = subprocess.run(
        [*command, "--output", "json"], env=clean_environment(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["exported"] == len(numbers)


def test_a_profile_that_there_is_not_ends_the_start(data: Path) -> None:
    """With one line that says where to look."""
    (data / "privyseal.toml").write_text('[audit]\nsink = "s3"\nbucket = "b"\nprofile = "nobody"\n')
    with pytest.raises(AssertionError, match=r"The settings of \[audit\] cannot be used"):
        started(data)
