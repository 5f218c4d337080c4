"""The registry: importing, listing, looking at devices."""

import hashlib
from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.caller import Caller
from privyseal.devices.limits import MAX_IMPORT
from privyseal.devices.model import ListedDevice
from privyseal.devices.registry import Outcome, Result
from privyseal.devices.states import Event, State
from privyseal.errors import ErrorCode, PrivySealError
from tests.devices.deployment import ADMIN, OPERATOR, Deployment, key_der, key_pem

ONE, TWO = (ec.generate_private_key(ec.SECP256R1()).public_key() for _ in range(2))
STRANGER = Caller("arn:aws:iam::444455556666:user/admin", "444455556666", "request-of-a-stranger")


def imported(product: Deployment, rows: list[tuple[str, str]], caller: Caller = OPERATOR) -> Sequence[Result]:
    return product.registry.import_devices(caller, [ListedDevice(*row) for row in rows])


def told(results: Sequence[Result]) -> list[str]:
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
    results = list(imported(product, rows))
    assert told(results) == ["imported", "validation", "unchanged", "conflict", "validation", "imported"]


def test_an_import_can_be_repeated(product: Deployment) -> None:
    rows = [("a", key_pem(ONE)), ("b", key_pem(TWO))]
    assert told(list(imported(product, rows))) == ["imported"] * 2
    assert told(list(imported(product, rows))) == ["unchanged"] * 2


def test_a_conflict_keeps_the_registered_key(product: Deployment) -> None:
    product.register("a", ONE)
    results = list(imported(product, [("a", key_pem(TWO))]))
    assert told(results) == ["conflict"]
    assert product.registry.show(OPERATOR, "a").public_key == key_der(ONE)


def test_two_devices_may_share_a_key(product: Deployment) -> None:
    product.register("a", ONE)
    product.register("b", ONE)


def test_ids_that_look_alike_are_different_devices(product: Deployment) -> None:
    alike = ["sensor", "Sensor", "sens\u043er", "\uff53\uff45\uff4e\uff53\uff4f\uff52"]
    results = list(imported(product, [(each, key_pem(ONE)) for each in alike]))
    assert told(results) == ["imported"] * len(alike)


def test_a_full_import_is_one_journal_row_with_every_key(product: Deployment) -> None:
    rows = [(f"sensor-{n:04}", key_pem(ONE)) for n in range(MAX_IMPORT)]
    assert set(imported(product, rows)) == {Outcome.IMPORTED}
    (entry,) = product.journal()
    assert entry["action"] == "privyseal:ImportDevices"
    assert entry["principal"] == ADMIN.arn
    keys = entry["detail"]["public_key_sha256"]
    assert len(keys) == MAX_IMPORT
    assert keys["sensor-0999"] == hashlib.sha256(key_der(ONE)).hexdigest()


def test_an_import_that_changes_nothing_leaves_no_journal_row(product: Deployment) -> None:
    product.register("a", ONE)
    before = product.journal()
    imported(product, [("a", key_pem(ONE)), ("", "")])
    assert product.registry.import_devices(OPERATOR, []) == []
    assert product.journal() == before


def test_a_key_that_would_have_replaced_another_is_in_the_journal(product: Deployment) -> None:
    product.register("a", ONE)
    imported(product, [("a", key_pem(TWO)), ("b", key_pem(TWO))])
    new, kept = (each["detail"] for each in product.journal()[-2:])
    digest = hashlib.sha256(key_der(TWO)).hexdigest()
    assert new == {"public_key_sha256": {"b": digest}}
    assert kept == {"result": "refused", "error": "conflict", "public_key_sha256": {"a": digest}}


def test_more_rows_than_a_transaction_takes_are_refused(product: Deployment) -> None:
    rows = [(f"sensor-{n:04}", key_pem(ONE)) for n in range(MAX_IMPORT + 1)]
    with pytest.raises(PrivySealError) as caught:
        imported(product, rows)
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
    assert told(list(imported(product, [("a", key_pem(TWO))], STRANGER))) == ["imported"]
    assert product.registry.show(OPERATOR, "a").public_key == key_der(ONE)


def test_a_row_may_say_status_and_batch(product: Deployment) -> None:
    rows = [
        ListedDevice("a", key_pem(ONE), "disabled", "lot 7"),
        ListedDevice("b", key_pem(ONE), "retired"),
        ListedDevice("c", key_pem(ONE), "active"),
        ListedDevice("d", key_pem(ONE), "Active"),
        ListedDevice("e", key_pem(ONE), "registered"),
        ListedDevice("f", key_pem(ONE), batch=" lot"),
        ListedDevice("g", key_pem(ONE), batch="x" * 65),
    ]
    results = product.registry.import_devices(OPERATOR, rows)
    assert told(results) == ["imported"] * 3 + ["validation"] * 4
    found = [product.registry.show(OPERATOR, each) for each in "abc"]
    assert [(each.state, each.batch) for each in found] == [
        (State.SUSPENDED, "lot 7"),
        (State.RETIRED, None),
        (State.REGISTERED, None),
    ]
    detail = product.journal()[-1]["detail"]
    assert detail["state"] == {"a": "suspended", "b": "retired"}
    assert detail["batch"] == {"a": "lot 7"}


def test_a_list_that_says_something_else_changes_nothing_and_is_told(product: Deployment) -> None:
    """Nobody is resumed, suspended or moved by a list; what it does not say does not count."""
    key = key_pem(ONE)
    product.registry.import_devices(OPERATOR, [ListedDevice("a", key, batch="lot 7")])
    product.lifecycle.change(OPERATOR, Event.SUSPENDED, ["a"])
    rows = [
        ListedDevice("a", key),
        ListedDevice("a", key, "suspended", "lot 7"),
        ListedDevice("a", key, "disabled"),
        ListedDevice("a", key, "active"),
        ListedDevice("a", key, "retired"),
        ListedDevice("a", key, batch="lot 8"),
    ]
    before = product.registry.show(OPERATOR, "a")
    results = product.registry.import_devices(OPERATOR, rows)
    assert told(results) == ["unchanged"] * 3 + ["conflict"] * 3
    assert product.registry.show(OPERATOR, "a") == before
