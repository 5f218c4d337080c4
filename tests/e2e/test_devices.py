"""A factory registers devices, and each gets its certificate with one POST.

Everything here happens twice: with certificates from the service's own authority, and with those of
another one, asked as a real AWS Private CA is asked (by boto3, with credentials from the environment).
"""

import base64
import csv
import io
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from privyseal.x509.pem import single_block, to_pem
from tests.e2e import openssl
from tests.e2e.shell import PrivySeal, run
from tests.programs import program
from tests.service import Service


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]


@dataclass
class Factory:
    """A service that vends to devices, a folder for their keys, and the root of what it vends."""

    privyseal: PrivySeal
    root: Path
    issuer_arn: str
    made: int = 0

    @property
    def url(self) -> str:
        return f"{self.privyseal.service.url}/provision"

    def file(self, name: str) -> Path:
        return self.privyseal.folder / name

    def device(self, kind: str = "P-256") -> "Device":
        """A device with a key of its own, not registered yet."""
        self.made += 1
        name = f"device-{self.made:04}"
        return Device(self, name, openssl.new_key(self.file(f"{name}.key"), kind))

    def register(self, *devices: "Device") -> None:
        lines = [json.dumps({"device_id": d.id, "public_key": d.public_key}) for d in devices]
        assert self.privyseal.json("device", "import", "-", given="\n".join(lines)) == {
            "imported": len(devices),
            "unchanged": 0,
            "errors": [],
        }

    def registered(self, kind: str = "P-256") -> "Device":
        device = self.device(kind)
        self.register(device)
        return device

    def post(self, body: object) -> Answer:
        """With curl, as a device's firmware script does it."""
        text = body if isinstance(body, str) else json.dumps(body)
        said = run(
            program("curl"),
            *("--silent", "--show-error", "--header", "Content-Type: application/json"),
            *("--data-binary", "@-", "--write-out", "\n%{http_code}", self.url),
            given=text,
        )
        content, _, status = said.rpartition("\n")
        return Answer(int(status), json.loads(content))


@dataclass(frozen=True)
class Device:
    factory: Factory
    id: str
    key: Path

    @property
    def public_key(self) -> str:
        return openssl.public_key(self.key)

    def csr(self, common_name: str | None = None, file: str = "csr", names: Sequence[str] = ()) -> str:
        path = self.factory.file(f"{self.id}.{file}")
        return openssl.new_csr(path, self.key, f"/CN={common_name or self.id}", names).read_text()

    def ask(self, csr: str | None = None) -> Answer:
        return self.factory.post({"csr": csr or self.csr(), "device_id": self.id})


@pytest.fixture(scope="module", params=["local", "aws-pca"])
def factory(
    request: pytest.FixtureRequest, service: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Factory]:
    found = service.environment
    root, issuer = Path(str(found.ca_bundle)), str(found.issuing_ca_arn)
    folder = tmp_path_factory.mktemp("factory")
    if request.param == "local":
        yield Factory(PrivySeal(service, folder), root, issuer)
        return
    (folder / "vending.toml").write_text(
        f"""
[devices]
issuer = "pca"

[issuers.pca]
type = "aws-pca"
authority = "{issuer}"
endpoint-url = "{found.url}"
validity-days = 30
"""
    )
    vending = Service(
        folder / "data",
        "--config",
        str(folder / "vending.toml"),
        AWS_ACCESS_KEY_ID=found.access_key_id,
        AWS_SECRET_ACCESS_KEY=found.secret_access_key,
    ).start()
    try:
        yield Factory(PrivySeal(vending, folder), root, issuer)
    finally:
        assert vending.stop() == 0, vending.log.read_text()


def _chain_verifies(factory: Factory, device: Device, answer: Answer) -> x509.Certificate:
    """By openssl, from the device's certificate to the root of whoever issued it."""
    assert answer.status == 200, answer.body
    assert set(answer.body) == {"certificate", "certificate_chain", "certificate_arn", "endpoint"}
    certificate, chain = factory.file(f"{device.id}.cert"), factory.file(f"{device.id}.chain")
    certificate.write_text(answer.body["certificate"])
    chain.write_text(answer.body["certificate_chain"])
    openssl.verify(certificate, factory.root, chain, "-purpose", "sslclient")
    assert answer.body["certificate_chain"].strip().endswith(factory.root.read_text().strip())
    assert answer.body["certificate_arn"].startswith(f"{factory.issuer_arn}/certificate/")
    return x509.load_pem_x509_certificate(certificate.read_bytes())


@pytest.mark.parametrize("kind", openssl.KEYS)
def test_a_device_with_an_openssl_key_gets_its_certificate(factory: Factory, kind: str) -> None:
    """Its id as the subject, its own key, a chain to the root."""
    device = factory.registered(kind)
    certificate = _chain_verifies(factory, device, device.ask())
    assert certificate.subject.rfc4514_string() == f"CN={device.id}"
    path = factory.file(f"{device.id}.cert")
    assert run(program("openssl"), "x509", "-in", path, "-noout", "-pubkey") == device.public_key


def test_a_device_may_have_host_names_that_are_its_own(factory: Factory) -> None:
    """Its id, and names below which its id is the host."""
    device = factory.registered()
    names = [f"DNS:{device.id}", f"DNS:{device.id}.fleet.example"]
    certificate = _chain_verifies(factory, device, device.ask(device.csr(names=names)))
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.get_values_for_type(x509.DNSName) == [name.removeprefix("DNS:") for name in names]


def test_python_alone_is_enough(factory: Factory) -> None:
    """urllib, no AWS SDK, no access key."""
    device = factory.registered()
    body = json.dumps({"csr": device.csr(), "device_id": device.id}).encode()
    asked = urllib.request.Request(factory.url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=30, context=ssl.create_default_context()) as reply:
        _chain_verifies(factory, device, Answer(reply.status, json.load(reply)))


def _der(pem: str) -> bytes:
    return single_block(pem.encode(), "PUBLIC KEY")


KEY_FORMS: dict[str, Callable[[str], str]] = {
    "PEM": lambda pem: pem,
    "base64 of PEM": lambda pem: base64.b64encode(pem.encode()).decode(),
    "base64 of DER": lambda pem: base64.b64encode(_der(pem)).decode(),
}


def _csv(rows: list[tuple[str, str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([("device_id", "public_key"), *rows])
    return text.getvalue()


def _json_lines(rows: list[tuple[str, str]]) -> str:
    return "".join(json.dumps({"device_id": i, "public_key": key}) + "\n" for i, key in rows)


@pytest.mark.parametrize("write", [_csv, _json_lines], ids=["CSV", "JSON lines"])
def test_a_list_of_devices_has_keys_in_any_form(
    factory: Factory, write: Callable[[list[tuple[str, str]]], str]
) -> None:
    """One file with all of them; each device then gets its certificate. Again: nothing changes."""
    devices = {form: factory.device() for form in KEY_FORMS}
    file = factory.file("devices")
    file.write_text(write([(d.id, KEY_FORMS[form](d.public_key)) for form, d in devices.items()]))
    assert factory.privyseal("device", "import", file) == "3 imported, 0 unchanged, 0 refused\n"
    assert factory.privyseal("device", "import", file) == "0 imported, 3 unchanged, 0 refused\n"
    for device in devices.values():
        _chain_verifies(factory, device, device.ask())


def test_the_list_tells_which_device_has_which_certificate(factory: Factory) -> None:
    """The newest one's ARN; none before the first."""
    device = factory.registered()
    assert _listed(factory, device)["certificate_arn"] is None
    answer = device.ask()
    assert _listed(factory, device)["certificate_arn"] == answer.body["certificate_arn"]


def _listed(factory: Factory, device: Device) -> dict[str, Any]:
    devices = factory.privyseal.json("device", "list")["devices"]
    (found,) = [entry for entry in devices if entry["device_id"] == device.id]
    return dict(found)


def test_a_retry_gets_the_same_certificate(factory: Factory) -> None:
    """The identical CSR, however its PEM is wrapped; another CSR of the same key is a new request."""
    device = factory.registered()
    csr = device.csr()
    first = device.ask(csr)
    assert device.ask(csr) == first
    assert device.ask(csr.replace("\n", "\r\n")) == first
    other = device.ask(device.csr(file="second.csr"))
    assert other.status == 200
    assert other.body["certificate_arn"] != first.body["certificate_arn"]


def _broken(pem: str) -> str:
    """A CSR whose signature no longer fits: one bit of its last byte, which ends the signature."""
    der = bytearray(single_block(pem.encode(), "CERTIFICATE REQUEST"))
    der[-1] ^= 1
    return to_pem(bytes(der), "CERTIFICATE REQUEST")


VERDICTS: dict[str, tuple[int, Callable[[Device, Device], dict[str, Any]]]] = {
    "no CSR": (400, lambda d, _: {"csr": "no CSR", "device_id": d.id}),
    "a certificate instead of a CSR": (
        400,
        lambda d, _: {"csr": d.factory.root.read_text(), "device_id": d.id},
    ),
    "a broken signature": (400, lambda d, _: {"csr": _broken(d.csr()), "device_id": d.id}),
    "a broken signature of an unknown device": (
        400,
        lambda d, _: {"csr": _broken(d.csr()), "device_id": "nobody"},
    ),
    "no device id": (400, lambda d, _: {"csr": d.csr()}),
    "one member more": (400, lambda d, _: {"csr": d.csr(), "device_id": d.id, "template": "x"}),
    "an unknown device": (404, lambda d, _: {"csr": d.csr("nobody"), "device_id": "nobody"}),
    "another device's key": (403, lambda d, other: {"csr": other.csr(d.id), "device_id": d.id}),
    "another device's id": (403, lambda d, other: {"csr": d.csr(), "device_id": other.id}),
    "another common name": (403, lambda d, _: {"csr": d.csr("admin"), "device_id": d.id}),
    "somebody else's host name": (
        403,
        lambda d, _: {"csr": d.csr(names=["DNS:admin.internal"]), "device_id": d.id},
    ),
    "an address": (403, lambda d, _: {"csr": d.csr(names=["IP:10.0.0.1"]), "device_id": d.id}),
    "the id in other letters": (404, lambda d, _: {"csr": d.csr(), "device_id": d.id.upper()}),
}


@pytest.fixture(scope="module")
def pair(factory: Factory) -> tuple[Device, Device]:
    devices = factory.device(), factory.device()
    factory.register(*devices)
    return devices


@pytest.mark.parametrize("what", VERDICTS)
def test_what_proves_nothing_gets_nothing(factory: Factory, pair: tuple[Device, Device], what: str) -> None:
    """In the order proof, registry, key, name; and the devices that are named are not locked out."""
    status, body = VERDICTS[what]
    answer = factory.post(body(*pair))
    assert answer.status == status, answer.body
    assert answer.body["status"] == status
    assert answer.body["request_id"]
    assert "certificate" not in answer.body
    assert pair[0].ask().status == 200


@pytest.mark.parametrize(
    ("method", "content_type", "status"),
    [("POST", "text/plain", 415), ("GET", "application/json", 405), ("PUT", "application/json", 405)],
)
def test_only_a_json_post_is_taken(factory: Factory, method: str, content_type: str, status: int) -> None:
    """The rest is refused before it is read."""
    asked = urllib.request.Request(factory.url, b"{}", {"Content-Type": content_type}, method=method)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=30)
    with refused.value as reply:
        assert reply.code == status
        assert reply.headers["Content-Type"] == "application/problem+json"


def test_a_list_with_bad_lines_registers_the_good_ones(factory: Factory) -> None:
    """And says what is wrong with each other, by its line; the command's status tells it too."""
    good, bad = factory.device(), factory.device()
    rows = [(good.id, good.public_key), (bad.id, "no key"), ("a/b", bad.public_key)]
    said = factory.privyseal.fails("device", "import", "-", given=_json_lines(rows))
    assert f"line 2: {bad.id}: " in said
    assert "line 3: a/b: " in said
    assert good.ask().status == 200
    assert bad.ask().status == 404
