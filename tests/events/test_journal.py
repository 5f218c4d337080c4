"""The journal's rows: what they hash, how they chain, and that tampering shows."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.caller import Caller
from privyseal.events.journal import JournalRow, Writer, canonical, entry, tree_hash
from privyseal.store import Entry
from privyseal.value import changed
from tests.events.rfc6962 import LEAF_INPUTS, ROOTS

AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
CALLER = Caller("arn:aws:iam::111122223333:user/admin", "111122223333", "request-1")

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
entries = st.dictionaries(st.text(max_size=10), values, max_size=5)


def leaf(text: str) -> bytes:
    return hashlib.sha256(b"\x00" + text.encode()).digest()


def verify(rows: list[JournalRow]) -> list[str]:
    """What an auditor recomputes from the rows alone: entries → root → chain."""
    wrong = []
    head = bytes(32)
    for seq, row in enumerate(rows):
        leaves = [leaf(canonical(each)) for each in json.loads(row.entries)]
        if row.seq != seq:
            wrong.append(f"seq {seq}")
        if tree_hash(leaves) != row.root:
            wrong.append(f"root {seq}")
        if row.previous != head:
            wrong.append(f"chain {seq}")
        head = row.digest()
    return wrong


def chain(count: int) -> list[JournalRow]:
    writer, rows = Writer(), []
    for number in range(count):
        row = writer.next_row(AT + timedelta(seconds=number), [entry("test:Do", CALLER, f"thing-{number}")])
        writer.committed(row)
        rows.append(row)
    return rows


@pytest.mark.parametrize("size", range(1, 9))
def test_the_tree_hash_is_that_of_rfc_6962(size: int) -> None:
    leaves = [hashlib.sha256(b"\x00" + bytes.fromhex(text)).digest() for text in LEAF_INPUTS[:size]]
    assert tree_hash(leaves).hex() == ROOTS[size - 1]


def test_the_tree_of_nothing_is_the_hash_of_nothing() -> None:
    assert tree_hash([]) == hashlib.sha256().digest()


@given(st.lists(entries, min_size=1, max_size=9))
def test_a_row_recomputes_from_its_own_text(batch: list[Entry]) -> None:
    row = Writer().next_row(AT, batch)
    assert json.loads(row.entries) == batch
    assert verify([row]) == []


@given(entries)
def test_the_canonical_form_has_no_white_space_order_or_unicode_to_argue_about(one: Entry) -> None:
    backwards = dict(reversed(list(one.items())))
    text = canonical(one)
    assert text == canonical(backwards) == canonical(json.loads(text))
    assert text.isascii()
    assert "\n" not in text


floats = st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.text(), values | floats | st.lists(st.dictionaries(st.text(), floats))))
def test_the_canonical_form_is_what_json_writes_with_sorted_keys_and_no_white_space(one: Entry) -> None:
    assert canonical(one) == json.dumps(one, sort_keys=True, separators=(",", ":"))


def test_what_is_not_json_is_no_entry() -> None:
    for value in (object(), b"octets", AT):
        with pytest.raises(TypeError):
            canonical({"detail": value})


def test_an_entry_says_who_did_what_to_what() -> None:
    assert entry("acm-pca:IssueCertificate", CALLER, "arn", template="T/V1") == {
        "action": "acm-pca:IssueCertificate",
        "principal": CALLER.principal,
        "account": CALLER.account,
        "request_id": CALLER.request_id,
        "resource": "arn",
        "detail": {"template": "T/V1"},
    }


def test_rows_of_a_writer_are_a_chain() -> None:
    rows = chain(5)
    assert verify(rows) == []
    assert rows[0].previous == bytes(32)
    assert [row.seq for row in rows] == list(range(5))
    assert len({row.writer for row in rows}) == 1


def test_a_row_that_was_not_committed_leaves_no_gap() -> None:
    writer = Writer()
    first = writer.next_row(AT, [{"n": 1}])
    again = writer.next_row(AT, [{"n": 2}])  # the first commit was rolled back
    assert (first.seq, again.seq) == (0, 0)
    writer.committed(again)
    third = writer.next_row(AT, [{"n": 3}])
    assert verify([again, third]) == []


def test_two_writers_never_share_a_chain() -> None:
    assert len({Writer().id for _ in range(100)}) == 100


TAMPERED: dict[str, Callable[[JournalRow], JournalRow]] = {
    "an entry was changed": lambda row: changed(row, entries=row.entries.replace("thing-2", "thing-9")),
    "an entry was removed": lambda row: changed(row, entries="[]"),
    "an entry was added": lambda row: changed(row, entries=row.entries.replace("]", ',{"a":1}]')),
    "entry and root were changed": lambda row: changed(
        row, entries='[{"a":1}]', root=tree_hash([leaf('{"a":1}')])
    ),
    "the time was changed": lambda row: changed(row, at=row.at + timedelta(microseconds=1)),
    "the writer was changed": lambda row: changed(row, writer=Writer().id),
    "the link was changed": lambda row: changed(row, previous=bytes(32)),
    "the number was changed": lambda row: changed(row, seq=row.seq + 1),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
def test_tampering_with_a_row_shows(tamper: Callable[[JournalRow], JournalRow]) -> None:
    rows = chain(5)
    rows[2] = tamper(rows[2])
    assert verify(rows) != []


def test_a_missing_row_shows() -> None:
    rows = chain(5)
    assert verify(rows[:2] + rows[3:]) != []


@given(st.lists(st.binary(max_size=4), min_size=2, max_size=12), st.data())
def test_the_root_depends_on_every_leaf_and_on_their_order(inputs: list[bytes], data: st.DataObject) -> None:
    leaves = [hashlib.sha256(b"\x00" + each).digest() for each in inputs]
    position = data.draw(st.integers(0, len(leaves) - 1))
    changed = [*leaves[:position], hashlib.sha256(b"other").digest(), *leaves[position + 1 :]]
    assert tree_hash(changed) != tree_hash(leaves)
    assert leaves == leaves[::-1] or tree_hash(leaves[::-1]) != tree_hash(leaves)
