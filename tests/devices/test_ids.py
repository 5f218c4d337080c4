"""Which device ids are accepted."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.devices.ids import check_device_id, fault_in_id
from privyseal.errors import ErrorCode, PrivySealError

GOOD = [
    "a",
    "sensor-0001",
    "00:1b:44:11:3a:b7",
    "urn:dev:mac:0024befffe804ff1",
    "Line 7, cell 3",
    "Kühlschrank",
    "温度計",
    "x" * 64,
    "ä" * 64,
    "..a",
    "%2e%2e",
    "'; DROP TABLE device; --",
]
BAD = {
    "": "0 characters",
    "x" * 65: "65 characters",
    "a\x00b": "does not show",
    "a\nb": "does not show",
    "a\x7f": "does not show",
    "a\u202eb": "does not show",  # right-to-left override
    "a\u200bb": "does not show",  # zero width space
    "a\u00a0b": "does not show",  # no-break space
    "\ud800": "does not show",  # a lone surrogate
    "\U0010ffff": "does not show",
    " a": "begins or ends with a space",
    "a ": "begins or ends with a space",
    " ": "begins or ends with a space",
    "a/b": "slash",
    "a\\b": "slash",
    ".": "dot segment",
    "..": "dot segment",
    "Ku\u0308hlschrank": "NFC",
}


@pytest.mark.parametrize("device_id", GOOD)
def test_accepted(device_id: str) -> None:
    check_device_id(device_id)


@pytest.mark.parametrize("device_id", BAD, ids=ascii)
def test_refused_with_the_reason(device_id: str) -> None:
    with pytest.raises(PrivySealError, match=BAD[device_id]) as caught:
        check_device_id(device_id)
    assert caught.value.code is ErrorCode.VALIDATION


@given(st.text(max_size=80))
def test_what_is_accepted_shows_and_fits_a_common_name(text: str) -> None:
    if fault_in_id(text) is None:
        assert 1 <= len(text) <= 64
        assert text == text.strip() == unicodedata.normalize("NFC", text)
        assert not any(unicodedata.category(character)[0] == "C" for character in text)
        text.encode()


@given(st.text(max_size=80))
def test_the_reason_never_repeats_the_id(text: str) -> None:
    fault = fault_in_id(text)
    assert fault is None or fault.isascii()
