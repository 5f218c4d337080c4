"""What is refused to somebody who is known is on record; what is refused to others is not."""

import base64
import http.client
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.access.model import AccessKey, new_access_key
from privyseal.client import PrivySealClient
from privyseal.client.errors import ApiError
from privyseal.clock import SystemClock
from privyseal.events.lines import Lines
from privyseal.hosting.data_directory import DataDirectory
from privyseal.stores.repositories.access_keys import SqlAccessKeys
from privyseal.stores.repositories.audit import SqlJournalReader
from privyseal.stores.sqlite import SqliteStore
from privyseal.stores.sqlite_reader import SqliteReader
from tests.devices.deployment import key_pem
from tests.devices.requests import csr
from tests.service import Service

KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


@pytest.fixture(scope="module", name="here")
def here_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own: what others ask of a shared one is not to be counted here."""
    running = Service(tmp_path_factory.mktemp("recording") / "data").start()
    yield running
    assert running.stop() == 0, running.log.read_text()


@pytest.fixture(scope="module", name="guest")
def guest_fixture(here: Service) -> AccessKey:
    """Somebody who is known and may do nothing."""
    directory = DataDirectory(here.data_dir)
    keys = SqlAccessKeys(directory.wrapper())
    guest = new_access_key("000000000000", region="us-east-1", user="guest", admin=False)
    with closing(SqliteStore(directory.database, SystemClock())) as store:
        store.transact(lambda tx: keys.insert(tx, guest))
    return guest


def refusals(service: Service) -> Sequence[dict[str, Any]]:
    with closing(SqliteReader(service.data_dir / "privyseal.db", SystemClock())) as reader:
        lines = [json.loads(line) for line in Lines(reader, SqlJournalReader(), None)]
    return [each for each in lines if each["detail"].get("result") == "refused"]


def client(service: Service, key: AccessKey) -> Any:
    return boto3.client(
        "acm-pca",
        endpoint_url=service.url,
        region_name="us-east-1",
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_who_may_not_is_on_record_with_what_they_wanted(here: Service, guest: AccessKey) -> None:
    arn = str(here.environment.issuing_ca_arn)
    with closing(client(here, guest)) as pca:
        with pytest.raises(ClientError, match="AccessDenied") as denied:
            pca.delete_certificate_authority(CertificateAuthorityArn=arn)
        with pytest.raises(ClientError, match="AccessDenied"):
            pca.describe_certificate_authority(CertificateAuthorityArn=arn)
    told = refusals(here)[-1]
    assert told["request_id"] == denied.value.response["ResponseMetadata"]["RequestId"]
    assert told["principal"].endswith(":user/guest")
    assert (told["action"], told["resource"]) == ("acm-pca:DeleteCertificateAuthority", arn)
    assert told["detail"] == {"result": "refused", "error": "access-denied"}


def test_a_request_that_means_nothing_is_on_record_too(here: Service) -> None:
    """Its author is known, and the operation is one that changes something."""
    found = here.environment
    before = len(refusals(here))
    with pytest.raises(ApiError):
        found.client().call("TagCertificateAuthority", {"CertificateAuthorityArn": "x", "Tags": []})
    with pytest.raises(ApiError):
        found.client().call("NoSuchOperation", {})
    (told,) = refusals(here)[before:]
    assert (told["action"], told["resource"]) == ("acm-pca:TagCertificateAuthority", "")
    assert told["detail"]["error"] == "validation"


def test_our_own_api_records_what_it_refuses(here: Service, guest: AccessKey) -> None:
    """To whoever is known; reading, and what is not there at all, leaves nothing."""
    before = len(refusals(here))
    stranger = PrivySealClient(here.url, guest.id, "wrong", region="us-east-1")
    known = PrivySealClient(here.url, guest.id, guest.secret, region="us-east-1")
    row = {"device_id": "x", "public_key": "y"}
    for one, method, path in (
        (stranger, "POST", "/devices"),
        (known, "GET", "/devices"),
        (known, "POST", "/nothing"),
        (known, "DELETE", "/devices"),
        (known, "POST", "/devices"),
    ):
        with pytest.raises(ApiError):
            one.rest(method, path, {"devices": [row]} if method == "POST" else None)
    with pytest.raises(ApiError):
        here.environment.client().rest("POST", "/devices", {"appliances": []})
    denied, malformed = refusals(here)[before:]
    assert (denied["action"], denied["resource"]) == ("privyseal:ImportDevices", "devices")
    assert (denied["detail"]["error"], denied["principal"][-5:]) == ("access-denied", "guest")
    assert (malformed["detail"]["error"], malformed["principal"][-5:]) == ("validation", "admin")


def provision(service: Service, device_id: str, pem: bytes) -> int:
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=10)
    with closing(connection):
        body = json.dumps({"device_id": device_id, "csr": pem.decode()})
        connection.request("POST", "/provision", body, {"Content-Type": "application/json"})
        return connection.getresponse().status


def test_a_wrong_key_for_a_device_is_on_record_and_an_unknown_device_is_not(here: Service) -> None:
    """Nobody has proved anything, so it is nobody's; and repeating it makes nothing grow."""
    rows = [{"device_id": name, "public_key": key_pem(KEY.public_key())} for name in ("sensor", "lamp")]
    here.environment.client().rest("POST", "/devices", {"devices": rows})
    before = len(refusals(here))
    for _ in range(3):
        assert provision(here, "sensor", csr(OTHER, "sensor")) == 403
    assert provision(here, "nobody", csr(OTHER, "nobody")) == 404
    assert provision(here, "sensor", b"no csr") == 400
    assert provision(here, "lamp", csr(OTHER, "lamp")) == 403
    assert provision(here, "sensor", csr(KEY, "sensor")) == 200
    told = [(each["principal"], each["action"], each["resource"]) for each in refusals(here)[before:]]
    assert told == [
        ("anonymous", "privyseal:ProvisionDevice", "device/sensor"),
        ("anonymous", "privyseal:ProvisionDevice", "device/lamp"),
    ]


def test_a_suspended_device_that_asks_in_a_header_is_on_record(here: Service) -> None:
    """Here the CSR alone says which device it is."""
    client = here.environment.client()
    row = {"device_id": "valve", "public_key": key_pem(KEY.public_key())}
    client.rest("POST", "/devices", {"devices": [row]})
    client.rest("POST", "/devices/suspend", {"device_ids": ["valve"]})
    before = len(refusals(here))
    for path in ("/new", "/proto", "/new"):
        with closing(http.client.HTTPConnection(urlsplit(here.url).netloc, timeout=10)) as connection:
            header = base64.b64encode(csr(KEY, "valve")).decode()
            connection.request("POST", path, headers={"device-csr": header})
            assert connection.getresponse().status == 403
    (told,) = refusals(here)[before:]
    assert (told["principal"], told["action"]) == ("anonymous", "privyseal:ProvisionDevice")
    assert (told["resource"], told["detail"]["error"]) == ("device/valve", "access-denied")


def test_a_key_that_would_replace_another_is_on_record(here: Service) -> None:
    """An import answers 200 with an error in a row: that row was refused."""
    rows = [{"device_id": "meter", "public_key": key_pem(key.public_key())} for key in (KEY, OTHER)]
    before = len(refusals(here))
    for row in rows:
        here.environment.client().rest("POST", "/devices", {"devices": [row]})
    (told,) = refusals(here)[before:]
    assert (told["action"], told["detail"]["error"]) == ("privyseal:ImportDevices", "conflict")
    assert list(told["detail"]["public_key_sha256"]) == ["meter"]
