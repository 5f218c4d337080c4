"""The contract of `serverless.notice_ports.CertificateTable`, over every table that there is."""

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.notice_ports import ItemKey
from tests.tables.conftest import Kept

KEY = ItemKey("server.example.com", "123456789012345678901234567890123456789012345")


def test_an_item_is_written_with_its_key_and_its_attributes(kept: Kept) -> None:
    kept.table.put(KEY, {"Issued": "2026-03-01 12:00:00", "NotifyExpiry": False, "Certificate": b"LS0t"})
    assert kept.items() == [
        {
            "CommonName": {"S": KEY.common_name},
            "SerialNumber": {"S": KEY.serial},
            "Issued": {"S": "2026-03-01 12:00:00"},
            "NotifyExpiry": {"BOOL": False},
            "Certificate": {"B": b"LS0t"},
        }
    ]


def test_writing_twice_is_writing_once(kept: Kept) -> None:
    for _ in range(2):
        kept.table.put(KEY, {"CRLNumber": 7, "ExpiryReminders": ["2026-03-01 12:00:00"]})
    (item,) = kept.items()
    assert item["CRLNumber"] == {"N": "7"}
    assert item["ExpiryReminders"] == {"L": [{"S": "2026-03-01 12:00:00"}]}


def test_attributes_that_somebody_else_has_added_stay(kept: Kept) -> None:
    kept.table.put(KEY, {"Owner": "team blue", "Issued": "1"})
    kept.table.put(KEY, {"Issued": "2"})
    (item,) = kept.items()
    assert (item["Owner"]["S"], item["Issued"]["S"]) == ("team blue", "2")


def test_names_that_are_words_of_the_query_language_are_names(kept: Kept) -> None:
    kept.table.put(KEY, {"Name": "a", "Status": "b", "#a0": "c"})
    (item,) = kept.items()
    assert item["#a0"]["S"] == "c"


def test_a_table_that_is_not_there_may_be_there_later(kept: Kept) -> None:
    with pytest.raises(PrivySealError) as refusal:
        kept.unreachable.put(KEY, {"Issued": "1"})
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    assert "Nowhere" in refusal.value.message
    assert "the range key SerialNumber" in refusal.value.message  # what to make


def test_an_item_that_is_too_large_is_refused_for_good(kept: Kept) -> None:
    with pytest.raises(PrivySealError) as refusal:
        kept.table.put(KEY, {"Certificate": b"x" * 500_000})  # DynamoDB's limit is 400 KB
    assert refusal.value.code is ErrorCode.INVALID_ARGUMENT
