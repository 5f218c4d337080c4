"""Secrets at rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.wrapping import KEK_BYTES, Wrapper, new_kek

KEK = bytes(range(KEK_BYTES))
PLACE = {"table": "authority", "row": "1", "column": "key_wrapped"}


def assert_does_not_open(wrapper: Wrapper, wrapped: bytes, **place: str) -> None:
    with pytest.raises(PrivySealError) as refusal:
        wrapper.unwrap(wrapped, **{**PLACE, **place})
    assert refusal.value.code is ErrorCode.UNAVAILABLE


@given(st.binary(max_size=5000))
def test_what_was_wrapped_opens_again(secret: bytes) -> None:
    wrapper = Wrapper(KEK)
    assert wrapper.unwrap(wrapper.wrap(secret, **PLACE), **PLACE) == secret


@given(st.binary(min_size=12, max_size=200))
def test_the_secret_is_not_in_what_is_stored(secret: bytes) -> None:
    assert secret not in Wrapper(KEK).wrap(secret, **PLACE)


def test_the_same_secret_never_looks_the_same() -> None:
    wrapper = Wrapper(KEK)
    assert len({wrapper.wrap(b"secret", **PLACE) for _ in range(100)}) == 100


@pytest.mark.parametrize("moved", [{"table": "access_key"}, {"row": "2"}, {"column": "csr"}])
def test_a_secret_does_not_open_in_another_place(moved: dict[str, str]) -> None:
    wrapper = Wrapper(KEK)
    assert_does_not_open(wrapper, wrapper.wrap(b"secret", **PLACE), **moved)


def test_a_secret_does_not_open_with_another_key() -> None:
    assert_does_not_open(Wrapper(new_kek()), Wrapper(KEK).wrap(b"secret", **PLACE))


@given(st.data())
def test_no_changed_bit_goes_unnoticed(data: st.DataObject) -> None:
    wrapper = Wrapper(KEK)
    wrapped = bytearray(wrapper.wrap(b"a secret of some length", **PLACE))
    position = data.draw(st.integers(0, 8 * len(wrapped) - 1))
    wrapped[position // 8] ^= 1 << position % 8
    assert_does_not_open(wrapper, bytes(wrapped))


@given(st.binary(max_size=64))
def test_bytes_from_nowhere_do_not_open(wrapped: bytes) -> None:
    assert_does_not_open(Wrapper(KEK), wrapped)


@given(st.integers(0, 28))
def test_a_truncated_secret_does_not_open(length: int) -> None:
    wrapper = Wrapper(KEK)
    assert_does_not_open(wrapper, wrapper.wrap(b"", **PLACE)[:length])


def test_the_refusal_names_the_place_and_shows_no_secret() -> None:
    with pytest.raises(PrivySealError) as refusal:
        Wrapper(new_kek()).unwrap(Wrapper(KEK).wrap(b"hunter2", **PLACE), **PLACE)
    assert "authority 1" in refusal.value.message
    assert "hunter2" not in refusal.value.message


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(PrivySealError) as refusal:
        Wrapper(bytes(length))
    assert refusal.value.code is ErrorCode.INTERNAL


def test_new_keys_have_the_right_length_and_differ() -> None:
    keys = {new_kek() for _ in range(50)}
    assert len(keys) == 50
    assert {len(key) for key in keys} == {KEK_BYTES}
