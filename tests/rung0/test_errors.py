"""The one exception of the domain."""

import re

from privyseal.errors import ErrorCode, PrivySealError


def test_an_error_keeps_its_code_and_its_message() -> None:
    error = PrivySealError(ErrorCode.NOT_FOUND, "There is no such thing.")
    assert (error.code, error.message) == (ErrorCode.NOT_FOUND, "There is no such thing.")
    assert error.args == ("There is no such thing.",)


def test_an_error_says_its_code_before_its_message() -> None:
    assert str(PrivySealError(ErrorCode.NOT_FOUND, "Gone.")) == "not-found: Gone."


def test_codes_are_distinct_words_in_lower_case() -> None:
    values = [code.value for code in ErrorCode]
    assert len(set(values)) == len(values)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", value) for value in values)
