"""Lists of devices: what is read, and how a broken list is described."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.cli.device_file import MAX_LINE, MAX_TEXT, BadRecord, Device, csv_line, read_devices
from privyseal.errors import PrivySealError

PEM = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"


def read(text: str | bytes) -> list[Device | BadRecord]:
    return list(read_devices(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def test_csv_with_keys_over_several_lines_says_where_each_record_begins() -> None:
    text = f'device_id,public_key\none,AAAA\n\ntwo,"{PEM}"\nthree,BBBB\n'
    assert read(text) == [Device(2, "one", "AAAA"), Device(4, "two", PEM), Device(7, "three", "BBBB")]


def test_json_lines_are_recognised_by_their_first_line() -> None:
    text = json.dumps({"device_id": "one", "public_key": PEM}) + '\n\n{"public_key":"B","device_id":"two"}'
    assert read(text) == [Device(1, "one", PEM), Device(3, "two", "B")]


def test_the_columns_may_stand_in_either_order() -> None:
    assert read("public_key,device_id\nA,one\n") == [Device(2, "one", "A")]


def test_status_and_batch_may_be_there() -> None:
    """In any order; an empty cell says nothing."""
    text = "status,device_id,batch,public_key\nretired,one,lot 7,A\n,two,,A\n"
    assert read(text) == [Device(2, "one", "A", "retired", "lot 7"), Device(3, "two", "A")]
    assert read("device_id,batch,public_key\none,x,A\n") == [Device(2, "one", "A", batch="x")]
    line = '{"device_id":"one","public_key":"A","status":"retired"}'
    assert read(line) == [Device(1, "one", "A", "retired")]


def test_what_a_spreadsheet_writes_is_read() -> None:
    """A byte order mark and CRLF."""
    assert read(b"\xef\xbb\xbfdevice_id,public_key\r\none,A\r\n") == [Device(2, "one", "A")]
    assert read(b'\xef\xbb\xbf{"device_id":"one","public_key":"A"}\r\n') == [Device(1, "one", "A")]


def test_a_bad_record_does_not_hide_its_neighbours() -> None:
    found = read("device_id,public_key\none\n,A\ntwo,\nthree,A,B\nfour,A\n")
    assert [record.line for record in found] == [2, 3, 4, 5, 6]
    assert [type(record) for record in found] == [BadRecord] * 4 + [Device]


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        "1",
        '{"device_id":"a"}',
        '{"device_id":"a","public_key":"b","more":1}',
        '{"device_id":1,"public_key":"b"}',
        '{"device_id":"","public_key":"b"}',
        '{"device_id":"a","public_key":"b","device_id":"c"}',
        '{"device_id":"a","public_key":"b","status":null}',
        "[" * 50_000,
    ],
)
def test_a_line_that_is_no_device_is_a_bad_record(line: str) -> None:
    good = '{"device_id":"a","public_key":"b"}'
    first, second, third = read(f"{good}\n{line}\n{good}\n")
    assert (type(first), type(second), type(third)) == (Device, BadRecord, Device)
    assert second.line == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "line 1: the file is empty"),
        (b"id,key\n", "line 1: the header is not device_id,public_key"),
        (b"device_id,public_key,state\n", "line 1: the header is not device_id,public_key"),
        (b"device_id,public_key,batch,batch\n", "line 1: the header is not device_id,public_key"),
        (b"\xff\xfed\x00e\x00v\x00i\x00c\x00e\x00", "line 1: the line is not UTF-8"),
        (b'device_id,"public_key', "line 1: the header is not CSV"),
        (b"device_id,public_key" + b" " * MAX_LINE + b"\n", "line 1: the line is longer"),
    ],
)
def test_where_reading_cannot_go_on_the_line_is_named(text: bytes, message: str) -> None:
    with pytest.raises(PrivySealError, match=message):
        read(text)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (b"one,\xff\n", "2: the record is not UTF-8"),
        (b"M\xfcnchen,A\n", "2: the record is not UTF-8"),
        (b'one,"A"x\n', """2: the record is not CSV: ',' expected after '"'"""),
        (
            b"one," + b"x" * MAX_LINE + b"\n",
            "2: the record is longer than 65536 characters",
        ),
        (
            b"one," + b"x" * 5 * MAX_LINE + b"\n",
            "2: the record is longer than 65536 characters",
        ),
        (b"x," * MAX_LINE + b"\n", "2: the record has 65537 fields, not 2"),
        (b'one,A\n"two,A"\n', "3: the record has 1 fields, not 2"),
    ],
)
def test_after_a_bad_record_of_csv_the_next_one_is_read(text: bytes, refused: str) -> None:
    found = read(b"device_id,public_key\n" + text + b"last,B\n")
    bad = [f"{each.line}: {each.message}" for each in found if isinstance(each, BadRecord)]
    assert bad == [refused]
    assert [each.device_id for each in found if isinstance(each, Device)][-1] == "last"


def test_a_line_of_json_that_is_not_utf_8_is_a_bad_record() -> None:
    good = b'{"device_id":"a","public_key":"b"}\n'
    _, bad, last = read(good + b'{"device_id":"\xfc","public_key":"b"}\n' + good)
    assert bad == BadRecord(2, "the record is not UTF-8")
    assert isinstance(last, Device)


def test_a_quote_that_is_not_closed_is_one_bad_record_with_its_first_and_its_last_line() -> None:
    """What the csv module has taken for its field is lost; what comes after it is read."""
    rows = [f"device-{n},{'k' * 90}\n" for n in range(2000)]
    first, *found = read('device_id,public_key\n"open,A\n' + "".join(rows))
    assert isinstance(first, BadRecord)
    assert first.line == 2
    assert first.message.startswith("the record is not CSV, up to line ")
    lasts = int(first.message.removeprefix("the record is not CSV, up to line ").partition(":")[0])
    assert [each.line for each in found] == list(range(lasts + 1, 2003))
    assert len(found) > 500
    assert all(isinstance(each, Device) for each in found)


def test_a_quote_that_is_not_closed_at_the_end_is_one_bad_record() -> None:
    (bad,) = read('device_id,public_key\n"open,A\nb,B\n')
    assert bad == BadRecord(2, "the record is not CSV, up to line 3: unexpected end of data")


def test_a_record_that_no_call_could_carry_is_a_bad_record() -> None:
    lines = "\n".join(["x" * 1000] * (MAX_TEXT // 1000 + 1))
    (record,) = read(f'device_id,public_key\none,"{lines}"\n')
    assert isinstance(record, BadRecord)


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=1, max_size=5))
def test_whatever_csv_can_carry_is_read_back(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("device_id", "public_key"), *rows])
    try:
        content = text.getvalue().encode()
    except UnicodeEncodeError:
        return
    assert [(d.device_id, d.public_key) for d in read(content) if isinstance(d, Device)] == rows


_CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(_CELL.filter(len), _CELL.filter(len), _CELL, _CELL), max_size=5))
def test_what_is_written_is_read_back(rows: list[tuple[str, str, str, str]]) -> None:
    """Whatever the cells contain: commas, quotes, line ends."""
    names = ("device_id", "public_key", "status", "batch")
    text = "".join(f"{csv_line(row)}\n" for row in [names, *rows])
    found = [each for each in read(text) if isinstance(each, Device)]
    assert [(d.device_id, d.public_key, d.status or "", d.batch or "") for d in found] == rows


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(content: bytes) -> None:
    for start in (b"", b"device_id,public_key\n", b"{"):
        try:
            found = read(start + content)
        except PrivySealError:
            continue
        assert all(isinstance(record, Device | BadRecord) for record in found)
