"""Devices that only a list elsewhere has: looked up when they come, registered once."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.devices.admission import Admission
from privyseal.devices.enrolment import Enrolment
from privyseal.devices.model import ListedDevice
from privyseal.devices.states import Event
from privyseal.errors import ErrorCode, PrivySealError
from tests.devices.deployment import OPERATOR, Deployment, key_pem
from tests.devices.requests import csr

KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


class Factory:
    """A list in memory that counts how often it is asked."""

    def __init__(self, *rows: ListedDevice) -> None:
        self._rows = {row.device_id: row for row in rows}
        self.asked: list[str] = []
        self.error: PrivySealError | None = None

    def find(self, device_id: str) -> ListedDevice | None:
        self.asked.append(device_id)
        if self.error:
            raise self.error
        return self._rows.get(device_id)

    def rows(self) -> Iterator[ListedDevice | PrivySealError]:
        yield from self._rows.values()

    def count(self) -> int:
        return len(self._rows)


def enrolment(product: Deployment, source: Factory) -> Enrolment:
    made = product.enrolment(product.issuer(product.hierarchy()))
    admission = Admission(product.registry, source, name="factory")
    return Enrolment(product.store, product.devices, made._vending, account=made.account, admission=admission)


def refusal(made: Enrolment, request: bytes, device_id: str | None = "a") -> ErrorCode:
    with pytest.raises(PrivySealError) as caught:
        made.enrol(request, device_id, request_id="r")
    return caught.value.code


def test_a_listed_device_gets_its_certificate_and_is_looked_up_once(product: Deployment) -> None:
    factory = Factory(ListedDevice("a", key_pem(KEY.public_key()), batch="lot 7"))
    made = enrolment(product, factory)
    for _ in range(2):
        made.enrol(csr(KEY, "a"), None, request_id="r")
    assert factory.asked == ["a"]
    assert product.registry.show(OPERATOR, "a").batch == "lot 7"
    imported = [each for each in product.journal() if each["action"] == "privyseal:ImportDevices"]
    assert [each["principal"] for each in imported] == ["source:factory"]


def test_who_is_registered_is_not_looked_up(product: Deployment) -> None:
    product.register("a", KEY.public_key())
    factory = Factory(ListedDevice("a", key_pem(OTHER.public_key())))
    made = enrolment(product, factory)
    made.enrol(csr(KEY, "a"), "a", request_id="r")
    assert refusal(made, csr(OTHER, "a")) is ErrorCode.ACCESS_DENIED
    assert factory.asked == []


def test_a_retired_device_does_not_come_back_by_the_list(product: Deployment) -> None:
    factory = Factory(ListedDevice("a", key_pem(KEY.public_key())))
    made = enrolment(product, factory)
    made.enrol(csr(KEY, "a"), "a", request_id="r")
    product.lifecycle.change(OPERATOR, Event.RETIRED, ["a"])
    assert refusal(made, csr(KEY, "a")) is ErrorCode.ACCESS_DENIED


def test_the_status_of_the_list_counts(product: Deployment) -> None:
    factory = Factory(ListedDevice("a", key_pem(KEY.public_key()), "disabled"))
    assert refusal(enrolment(product, factory), csr(KEY, "a")) is ErrorCode.ACCESS_DENIED


def test_another_key_than_the_listed_one_is_denied(product: Deployment) -> None:
    factory = Factory(ListedDevice("a", key_pem(KEY.public_key())))
    assert refusal(enrolment(product, factory), csr(OTHER, "a")) is ErrorCode.ACCESS_DENIED


def test_who_is_in_no_list_is_not_found(product: Deployment) -> None:
    factory = Factory()
    assert refusal(enrolment(product, factory), csr(KEY, "a")) is ErrorCode.NOT_FOUND
    assert factory.asked == ["a"]


def test_a_list_is_not_asked_for_what_cannot_be_an_id(product: Deployment) -> None:
    factory = Factory()
    made = enrolment(product, factory)
    for device_id in ("", "a/b", "..", "a" * 65, "a\n"):
        assert refusal(made, csr(KEY, "a"), device_id) is ErrorCode.NOT_FOUND
    assert factory.asked == []


def test_without_proof_of_possession_no_list_is_asked(product: Deployment) -> None:
    factory = Factory(ListedDevice("a", key_pem(KEY.public_key())))
    assert refusal(enrolment(product, factory), b"hello") is ErrorCode.MALFORMED_CSR
    assert factory.asked == []


@pytest.mark.parametrize(
    "row", [ListedDevice("a", "no key"), ListedDevice("a", key_pem(KEY.public_key()), "broken")]
)
def test_a_row_that_cannot_be_used_is_as_good_as_none(product: Deployment, row: ListedDevice) -> None:
    assert refusal(enrolment(product, Factory(row)), csr(KEY, "a")) is ErrorCode.NOT_FOUND


def test_a_list_that_cannot_be_asked_says_nothing_of_itself(product: Deployment) -> None:
    factory = Factory()
    factory.error = PrivySealError(ErrorCode.INVALID_ARGUMENT, "the secret table has no such key")
    with pytest.raises(PrivySealError) as caught:
        enrolment(product, factory).enrol(csr(KEY, "a"), "a", request_id="r")
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert "secret" not in caught.value.message
