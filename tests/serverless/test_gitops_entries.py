"""The files of GitOps: what is read, what is refused, and that one bad entry spoils no other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.gitops import entries as parsing
from privyseal.serverless.gitops import snapshot as limits
from privyseal.serverless.gitops.entries import Entries
from privyseal.serverless.gitops.snapshot import MAX_CSR, Gathering, Selection, Snapshot, digest


def read(**files: Any) -> Entries:
    contents = {
        f"{name.replace('_', '-')}.json": value if isinstance(value, bytes) else json.dumps(value).encode()
        for name, value in files.items()
    }
    return parsing.read(Snapshot("r", contents))


def test_entries_keep_their_place() -> None:
    found = read(tls=[{"common_name": "a"}, {"common_name": "b", "unknown": 1}])
    assert [(each.number, each.common_name) for each in found.requests] == [(1, "a"), (2, "b")]
    assert found.bad == []


def test_a_bad_entry_is_told_and_stops_no_other() -> None:
    found = read(
        tls=[{"common_name": "a"}, "b", {"common_name": "c", "ca_chain_only": True}, {"common_name": "d"}],
        revoked=[{"common_name": "a"}, {"common_name": "a", "serial_number": "7"}],
    )
    assert [each.number for each in found.requests] == [1, 4]
    assert [(each.number, each.serial, each.reason) for each in found.revocations] == [(2, 7, "UNSPECIFIED")]
    told = [(each.file, each.number, each.common_name) for each in found.bad]
    assert told == [("revoked.json", 1, "a"), ("tls.json", 2, ""), ("tls.json", 3, "c")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[",
        b"\xff[]",
        b"[NaN]",
        b'[{"a": 1, "a": 2}]',
        b'["\\ud800"]',
        b"[" * 5000,
        b"[]" * 2,
    ],
)
def test_a_file_that_is_no_list_is_refused_as_a_whole(content: bytes) -> None:
    """And the other files are read."""
    found = read(tls=content, revoked=[{"common_name": "a", "serial_number": 5}])
    assert found.requests == []
    assert [(each.file, each.number) for each in found.bad] == [("tls.json", 0)]
    assert len(found.revocations) == 1


def test_a_byte_order_mark_is_passed_over() -> None:
    assert len(read(tls=b'\xef\xbb\xbf[{"common_name": "a"}]').requests) == 1


@pytest.mark.parametrize("serial", ["0x1f", "", "-1", "1e3", 0, -5, 1.5, True, None, [], 2**160, "9" * 50])
def test_a_serial_number_is_decimal(serial: object) -> None:
    found = read(revoked=[{"common_name": "a", "serial_number": serial}])
    assert found.revocations == []
    assert len(found.bad) == 1


def test_a_root_list_is_kept_apart() -> None:
    found = read(
        revoked=[{"common_name": "a", "serial_number": 1}],
        revoked_root_ca=[{"common_name": "b", "serial_number": 1}],
    )
    assert [each.file for each in found.revocations] == ["revoked-root-ca.json", "revoked.json"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_whatever_a_file_has_it_is_read_or_told(content: bytes) -> None:
    found = read(tls=content, revoked=content)
    assert len(found.requests) + len(found.revocations) + len(found.bad) >= 0


@pytest.mark.parametrize(
    "path",
    [
        "other.json",
        "csrs/a.txt",
        "csrs/../tls.json",
        "csrs/.hidden.csr",
        "csrs/sub/a.csr",
        "csrs/",
        "TLS.json",
        "csrs/a\n.csr",
    ],
)
def test_other_files_are_not_looked_at(path: str) -> None:
    gathering = Gathering(Selection())
    gathering.add(path, lambda _: pytest.fail("it was read"))
    assert gathering.files == {}


def test_a_selection_is_a_list_or_a_pattern() -> None:
    assert Selection((), ("a.csr",)).wants("csrs/a.csr")
    assert not Selection((), ("a.csr",)).wants("csrs/b.csr")
    assert Selection((), ("b*.csr",)).wants("csrs/b1.csr")
    assert not Selection(("revoked",)).wants("tls.json")


def test_a_csr_that_is_too_large_is_left_out() -> None:
    gathering = Gathering(Selection())
    gathering.add("tls.json", lambda _: b"[]")
    gathering.add("csrs/a.csr", lambda most: b"x" * most)
    gathering.add("csrs/b.csr", lambda _: b"x" * MAX_CSR)
    found = gathering.snapshot()
    assert set(found.files) == {"tls.json", "csrs/b.csr"}
    assert [path for path, _ in found.problems] == ["csrs/a.csr"]


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_FILES", 2)
    gathering = Gathering(Selection())
    for name in "ab":
        gathering.add(f"csrs/{name}.csr", lambda _: b"")
    with pytest.raises(PrivySealError) as caught:
        gathering.add("csrs/c.csr", lambda _: b"")
    assert caught.value.code is ErrorCode.LIMIT_EXCEEDED


def test_a_folder_without_any_list_is_a_mistake() -> None:
    gathering = Gathering(Selection())
    gathering.add("csrs/a.csr", lambda _: b"")
    with pytest.raises(PrivySealError, match=r"none of the files tls.json, revoked.json"):
        gathering.snapshot()


def test_a_revision_is_that_of_names_and_contents() -> None:
    assert digest({"a": b"1", "b": b"2"}) == digest({"b": b"2", "a": b"1"})
    assert len({digest({"a": b"1"}), digest({"a": b"2"}), digest({"b": b"1"}), digest({})}) == 4
