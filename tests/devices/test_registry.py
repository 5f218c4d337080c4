"""The registry: importing, listing, looking at devices."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.caller import Caller
from privyseal.devices.limits import MAX_IMPORT
from privyseal.devices.registry import Outcome, Result
from privyseal.errors import ErrorCode, PrivySealError
from tests.devices.deployment import ADMIN, OPERATOR, Deployment, key_der, key_pem

ONE, TWO = (ec.generate_private_key(ec.SECP256R1()).public_key() for _ in range(2))
STRANGER = Caller("arn:aws:iam::444455556666:user/admin", "444455556666", "request-of-a-stranger")


def told(results: list[Result]) -> list[str]:
    return [each.code.value if isinstance(each, PrivySealError) else each.value for each in results]


def test_each_row_is_answered_in_its_place(product: Deployment) -> None:
    product.register("known", ONE)
    rows = [
        ("new", key_pem(ONE)),
        ("bad\nid", key_pem(ONE)),
        ("known", key_pem(ONE)),
        ("known", key_pem(TWO)),
        ("bad key", "?"),
        ("newer", key_pem(TWO)),
    ]
    results = list(product.registry.import_devices(OPERATOR, rows))
    assert told(results) == ["imported", "validation", "unchanged", "conflict", "validation", "imported"]


def test_an_import_can_be_repeated(product: Deployment) -> None:
    rows = [("a", key_pem(ONE)), ("b", key_pem(TWO))]
    assert told(list(product.registry.import_devices(OPERATOR, rows))) == ["imported"] * 2
    assert told(list(product.registry.import_devices(OPERATOR, rows))) == ["unchanged"] * 2


def test_a_conflict_keeps_the_registered_key(product: Deployment) -> None:
    product.register("a", ONE)
    results = list(product.registry.import_devices(OPERATOR, [("a", key_pem(TWO))]))
    assert told(results) == ["conflict"]
    assert product.registry.show(OPERATOR, "a").public_key == key_der(ONE)


def test_two_devices_may_share_a_key(product: Deployment) -> None:
    product.register("a", ONE)
    product.register("b", ONE)


def test_ids_that_look_alike_are_different_devices(product: Deployment) -> None:
    alike = ["sensor", "Sensor", "sens\u043er", "\uff53\uff45\uff4e\uff53\uff4f\uff52"]
    results = list(product.registry.import_devices(OPERATOR, [(each, key_pem(ONE)) for each in alike]))
    assert told(results) == ["imported"] * len(alike)


def test_a_full_import_is_one_journal_row_with_every_key(product: Deployment) -> None:
    rows = [(f"sensor-{n:04}", key_pem(ONE)) for n in range(MAX_IMPORT)]
    assert set(product.registry.import_devices(OPERATOR, rows)) == {Outcome.IMPORTED}
    (entry,) = product.journal()
    assert entry["action"] == "privyseal:ImportDevices"
    assert entry["principal"] == ADMIN.arn
    keys = entry["detail"]["public_key_sha256"]
    assert len(keys) == MAX_IMPORT
    assert keys["sensor-0999"] == hashlib.sha256(key_der(ONE)).hexdigest()


def test_an_import_that_changes_nothing_leaves_no_journal_row(product: Deployment) -> None:
    product.register("a", ONE)
    before = product.journal()
    product.registry.import_devices(OPERATOR, [("a", key_pem(ONE)), ("", "")])
    assert product.registry.import_devices(OPERATOR, []) == []
    assert product.journal() == before


def test_a_key_that_would_have_replaced_another_is_in_the_journal(product: Deployment) -> None:
    product.register("a", ONE)
    product.registry.import_devices(OPERATOR, [("a", key_pem(TWO)), ("b", key_pem(TWO))])
    new, kept = (each["detail"] for each in product.journal()[-2:])
    digest = hashlib.sha256(key_der(TWO)).hexdigest()
    assert new == {"public_key_sha256": {"b": digest}}
    assert kept == {"result": "refused", "error": "conflict", "public_key_sha256": {"a": digest}}


def test_more_rows_than_a_transaction_takes_are_refused(product: Deployment) -> None:
    rows = [(f"sensor-{n:04}", key_pem(ONE)) for n in range(MAX_IMPORT + 1)]
    with pytest.raises(PrivySealError) as caught:
        product.registry.import_devices(OPERATOR, rows)
    assert caught.value.code is ErrorCode.LIMIT_EXCEEDED
    assert product.registry.page(OPERATOR, None, 1) == ([], None)


def test_pages_end_where_the_list_ends(product: Deployment) -> None:
    for each in "abcd":
        product.register(each, ONE)
    first, after = product.registry.page(OPERATOR, None, 2)
    second, end = product.registry.page(OPERATOR, after, 2)
    assert [device.id for device in [*first, *second]] == list("abcd")
    assert (after, end) == ("b", None)


@pytest.mark.parametrize("device_id", ["b", "A", "a ", "", "a\x00", "\ud800", "a" * 70])
def test_what_is_not_registered_is_not_found(product: Deployment, device_id: str) -> None:
    product.register("a", ONE)
    with pytest.raises(PrivySealError) as caught:
        product.registry.show(OPERATOR, device_id)
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert caught.value.message.isascii()


def test_another_account_sees_nothing_and_disturbs_nothing(product: Deployment) -> None:
    product.register("a", ONE)
    assert product.registry.page(STRANGER, None, 10) == ([], None)
    with pytest.raises(PrivySealError):
        product.registry.show(STRANGER, "a")
    assert told(list(product.registry.import_devices(STRANGER, [("a", key_pem(TWO))]))) == ["imported"]
    assert product.registry.show(OPERATOR, "a").public_key == key_der(ONE)
