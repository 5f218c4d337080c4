"""The table of states, and what an administrator does with it."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.devices.lifecycle import ACTIONS, Change
from privyseal.devices.limits import MAX_IMPORT
from privyseal.devices.states import EXPORTED, IMPORTED, Event, State, transition
from privyseal.errors import ErrorCode, PrivySealError
from tests.devices.deployment import ADMIN, OPERATOR, Deployment, key_der, key_pem
from tests.devices.requests import csr

ONE, TWO = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def told(product: Deployment, event: Event, *ids: str) -> list[str]:
    results = product.lifecycle.change(OPERATOR, event, ids)
    return [each.code.value if isinstance(each, PrivySealError) else each.value for each in results]


def state(product: Deployment, device_id: str = "a") -> State:
    return product.registry.show(OPERATOR, device_id).state


def refused(product: Deployment, device_id: str, key: str) -> ErrorCode:
    with pytest.raises(PrivySealError) as caught:
        product.lifecycle.rekey(OPERATOR, device_id, key)
    return caught.value.code


@pytest.mark.parametrize("event", Event)
def test_retired_is_final(event: Event) -> None:
    assert transition(State.RETIRED, event, certified=True) in {None, State.RETIRED}


@pytest.mark.parametrize("certified", [False, True])
def test_who_is_resumed_is_what_it_was(certified: bool) -> None:
    before = State.ACTIVE if certified else State.REGISTERED
    suspended = transition(before, Event.SUSPENDED, certified=certified)
    assert suspended is State.SUSPENDED
    assert transition(suspended, Event.RESUMED, certified=certified) is before


@pytest.mark.parametrize("each", State)
def test_what_is_exported_is_imported_as_the_same(each: State) -> None:
    """Except that a certificate does not come with a list: what was active is registered."""
    expected = State.REGISTERED if each is State.ACTIVE else each
    assert IMPORTED[EXPORTED[each]] is expected


def test_each_change_is_answered_in_its_place(product: Deployment) -> None:
    for device_id in ("a", "b", "gone"):
        product.register(device_id, ONE.public_key())
    assert told(product, Event.RETIRED, "gone") == ["changed"]
    answers = told(product, Event.SUSPENDED, "a", "nobody", "gone", "bad\n", "b", "")
    assert answers == ["changed", "not-found", "invalid-state", "not-found", "changed", "not-found"]
    assert told(product, Event.SUSPENDED, "a") == ["unchanged"]
    assert told(product, Event.RESUMED, "a", "gone") == ["changed", "invalid-state"]
    assert (state(product, "a"), state(product, "b"), state(product, "gone")) == (
        State.REGISTERED,
        State.SUSPENDED,
        State.RETIRED,
    )


def test_a_change_is_in_the_journal_with_what_was_before(product: Deployment) -> None:
    product.register("a", ONE.public_key())
    product.register("b", ONE.public_key())
    told(product, Event.SUSPENDED, "a")
    told(product, Event.RETIRED, "a", "b", "nobody")
    entry = product.journal()[-1]
    assert (entry["action"], entry["principal"]) == ("privyseal:RetireDevices", ADMIN.arn)
    assert entry["detail"] == {"before": {"a": "suspended", "b": "registered"}}
    before = product.journal()
    assert told(product, Event.RETIRED, "a", "nobody") == ["unchanged", "not-found"]
    assert product.journal() == before


def test_every_change_has_its_action() -> None:
    assert set(ACTIONS) == set(Event) - {Event.CERTIFIED}
    assert set(Change) == {Change.CHANGED, Change.UNCHANGED}


def test_more_than_a_transaction_takes_is_refused(product: Deployment) -> None:
    with pytest.raises(PrivySealError) as caught:
        told(product, Event.SUSPENDED, *(f"d-{n}" for n in range(MAX_IMPORT + 1)))
    assert caught.value.code is ErrorCode.LIMIT_EXCEEDED


def test_a_device_with_a_certificate_is_active_again_when_it_is_resumed(product: Deployment) -> None:
    product.register("a", ONE.public_key())
    enrolment = product.enrolment(product.issuer(product.hierarchy()))
    enrolment.enrol(csr(ONE, "a"), "a", request_id="r")
    assert state(product) is State.ACTIVE
    told(product, Event.SUSPENDED, "a")
    with pytest.raises(PrivySealError) as caught:
        enrolment.enrol(csr(ONE, "a"), "a", request_id="r")
    assert caught.value.code is ErrorCode.ACCESS_DENIED
    told(product, Event.RESUMED, "a")
    assert state(product) is State.ACTIVE
    enrolment.enrol(csr(ONE, "a"), "a", request_id="r")


def test_a_retry_is_denied_too(product: Deployment) -> None:
    """What a device has got before it was suspended is not given to it again."""
    product.register("a", ONE.public_key())
    enrolment = product.enrolment(product.issuer(product.hierarchy()))
    request = csr(ONE, "a")
    enrolment.enrol(request, "a", request_id="r")
    told(product, Event.SUSPENDED, "a")
    with pytest.raises(PrivySealError) as caught:
        enrolment.enrol(request, "a", request_id="r")
    assert caught.value.code is ErrorCode.ACCESS_DENIED


def test_a_new_key_takes_the_place_of_the_old_one(product: Deployment) -> None:
    product.register("a", ONE.public_key())
    enrolment = product.enrolment(product.issuer(product.hierarchy()))
    changed = product.lifecycle.rekey(OPERATOR, "a", key_pem(TWO.public_key()))
    assert changed.public_key == key_der(TWO.public_key())
    entry = product.journal()[-1]
    assert (entry["action"], entry["resource"]) == ("privyseal:RekeyDevice", "device/a")
    assert set(entry["detail"]) == {"before_sha256", "after_sha256"}
    with pytest.raises(PrivySealError):
        enrolment.enrol(csr(ONE, "a"), "a", request_id="r")
    enrolment.enrol(csr(TWO, "a"), "a", request_id="r")


def test_the_same_key_again_is_no_change(product: Deployment) -> None:
    product.register("a", ONE.public_key())
    before = product.journal()
    product.lifecycle.rekey(OPERATOR, "a", key_pem(ONE.public_key()))
    assert product.journal() == before


def test_a_rekey_wants_a_device_a_key_and_no_retired_one(product: Deployment) -> None:
    product.register("a", ONE.public_key())
    pem = key_pem(TWO.public_key())
    assert refused(product, "nobody", pem) is ErrorCode.NOT_FOUND
    assert refused(product, "a", "no key") is ErrorCode.VALIDATION
    told(product, Event.RETIRED, "a")
    assert refused(product, "a", pem) is ErrorCode.INVALID_STATE
    assert product.registry.show(OPERATOR, "a").public_key == key_der(ONE.public_key())
