"""The contract of `devices.ports.Registrar`, over the whole table of registrars."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from privyseal.devices.identities import Registration
from privyseal.devices.ports import IssuingAuthority, Registrar
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.registrars import REGISTRARS
from privyseal.registrars.aws_iot import AwsIotRegistrar
from privyseal.registrars.mosquitto import MosquittoRegistrar
from tests.mqtt.pki import Authority, pem

NOBODY = "http://127.0.0.1:1"  # tcpmux: no port that a test is given
REGION = "eu-central-1"


@dataclass
class Bench:
    """`start` gives what another process would have; `lost` one whose other side cannot be reached."""

    start: Callable[[], Registrar]
    lost: Callable[[], Registrar]
    authority: Authority

    def registration(self, device_id: str = "sensor") -> Registration:
        leaf = self.authority.sign(device_id, ec.generate_private_key(ec.SECP256R1()))
        serial = leaf.fingerprint(hashes.SHA256()).hex()[:32]
        certificate = leaf.public_bytes(Encoding.PEM).decode()
        chain = pem(*self.authority.chain).decode()
        return Registration("111122223333", device_id, certificate, chain, f"arn of {serial}")


def refuse() -> NoReturn:
    raise PrivySealError(ErrorCode.UNAVAILABLE, "nobody is there")


@pytest.fixture(params=sorted(REGISTRARS), name="bench")
def bench_fixture(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    authority = Authority("Issuing", Authority("Root"))
    if request.param == "mosquitto":
        crl = authority.crl()

        def mosquitto(folder: str, tell: Callable[[], None]) -> MosquittoRegistrar:
            return MosquittoRegistrar(
                tmp_path / folder,
                endpoint="broker.example:8883",
                roots=lambda: pem(*authority.chain[1:]).decode(),
                crls=lambda: [crl],
                barred=list,
                tell=tell,
            )

        return Bench(lambda: mosquitto("files", lambda: None), lambda: mosquitto("other", refuse), authority)
    url = request.getfixturevalue("aws").url

    def iot(endpoint_url: str) -> AwsIotRegistrar:
        return AwsIotRegistrar(REGION, policy="fleet", endpoint_url=endpoint_url, sleep=lambda _: None)

    return Bench(lambda: iot(url), lambda: iot(NOBODY), authority)


def test_what_is_registered_can_be_registered_again_by_anybody(bench: Bench) -> None:
    registration = bench.registration()
    reference = bench.start().register(registration)
    assert bench.start().register(registration) == reference
    assert bench.start().register(replace(registration, reference=reference)) == reference


def test_many_at_once_are_registered(bench: Bench) -> None:
    """Of one device and of others, by one registrar and by several."""
    registrars = [bench.start(), bench.start()]
    wanted = [bench.registration("sensor"), bench.registration("sensor"), bench.registration("meter")] * 2
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda n: registrars[n % 2].register(wanted[n]), range(len(wanted))))
    assert found[:3] == found[3:]


def test_what_is_suspended_can_be_suspended_again_and_registered_again(bench: Bench) -> None:
    registration = bench.registration()
    reference = bench.start().register(registration)
    told = replace(registration, reference=reference)
    bench.start().suspend(told)
    bench.start().suspend(told)
    bench.start().suspend(registration)
    assert bench.start().register(told) == reference


def test_what_was_never_registered_can_be_suspended(bench: Bench) -> None:
    bench.start().suspend(bench.registration())


def test_what_is_withdrawn_can_be_withdrawn_again(bench: Bench) -> None:
    registration = bench.registration()
    told = replace(registration, reference=bench.start().register(registration))
    bench.start().withdraw(told)
    bench.start().withdraw(told)


def test_what_was_registered_without_a_word_of_it_can_be_withdrawn(bench: Bench) -> None:
    registration = bench.registration()
    bench.start().register(registration)
    bench.start().withdraw(registration)


def test_what_was_never_registered_can_be_withdrawn(bench: Bench) -> None:
    bench.start().withdraw(bench.registration())


def test_an_authority_is_made_known_once_however_often(bench: Bench) -> None:
    """With proof where one is wanted; its certificates can be registered then."""
    issuing = bench.authority
    proofs: list[str] = []

    def prove(code: str) -> str:
        proofs.append(code)
        return pem(issuing.sign(code, ec.generate_private_key(ec.SECP256R1()))).decode()

    known = IssuingAuthority("arn of it", pem(issuing.certificate).decode(), prove)
    reference = bench.start().trust(known)
    assert bench.start().trust(known) == reference
    assert len(proofs) == (1 if reference else 0)
    bench.start().register(bench.registration())


def test_an_authority_is_not_known_where_nobody_can_be_reached(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # botocore's back-off
    known = IssuingAuthority("arn of it", pem(bench.authority.certificate).decode(), lambda code: code)
    with pytest.raises(PrivySealError) as caught:
        bench.lost().trust(known)
    assert caught.value.code is ErrorCode.UNAVAILABLE


def test_an_authority_is_forgotten_however_often_and_can_be_made_known_again(bench: Bench) -> None:
    issuing, certificate = bench.authority, pem(bench.authority.certificate).decode()
    proofs: list[str] = []

    def prove(code: str) -> str:
        proofs.append(code)
        return pem(issuing.sign(code, ec.generate_private_key(ec.SECP256R1()))).decode()

    known = IssuingAuthority("arn of it", certificate, prove)
    bench.start().distrust(certificate)
    reference = bench.start().trust(known)
    for _ in range(2):
        bench.start().distrust(certificate)
    assert bench.start().trust(known) == reference
    assert len(proofs) == (2 if reference else 0), "it was forgotten"


def test_the_endpoint_stays(bench: Bench) -> None:
    first, second = bench.start(), bench.start()
    assert first.endpoint() == first.endpoint() == second.endpoint() != ""


def test_where_nobody_can_be_reached_a_retry_may_help(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # botocore's back-off
    with pytest.raises(PrivySealError) as caught:
        bench.lost().register(bench.registration())
    assert caught.value.code is ErrorCode.UNAVAILABLE
