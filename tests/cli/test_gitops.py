"""`privyseal gitops`: what it sends of a checkout, and how long it waits for files that fail."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from privyseal.cli.gitops_files import checkout
from privyseal.cli.gitops_patience import LONGEST_S, Patience
from privyseal.errors import PrivySealError
from tests.cli.conftest import Shell
from tests.client.far_side import Answer, FarSide, Received

COUNTS = {"issue": 0, "renew": 0, "revoke": 0, "leave": 0, "skip": 0, "refuse": 0}


@pytest.fixture(name="folder")
def folder_fixture(tmp_path: Path) -> Path:
    folder = tmp_path / "certs" / "dev"
    (folder / "csrs").mkdir(parents=True)
    return folder


def body(tmp_path: Path, folder: Path, entries: list[Any], csrs: dict[str, bytes]) -> dict[str, Any]:
    (folder / "tls.json").write_text(json.dumps(entries))
    for name, content in csrs.items():
        (folder / "csrs" / name).write_bytes(content)
    return checkout(tmp_path, "dev")


def test_only_csrs_that_entries_name_are_sent(tmp_path: Path, folder: Path) -> None:
    sent = body(tmp_path, folder, [{"csr_file": "a.csr"}, 5, {"csr_file": 5}], {"a.csr": b"A", "b.csr": b"B"})
    assert set(sent["files"]) == {"tls.json", "csrs/a.csr"}
    assert (sent["encoded"], sent["problems"]) == ({}, {})


def test_what_is_no_text_is_sent_as_it_is(tmp_path: Path, folder: Path) -> None:
    """The plan of a list that is not UTF-8, or of a CSR in DER, is a run's: nothing is replaced in it."""
    sent = body(tmp_path, folder, [{"csr_file": "a.csr"}], {"a.csr": b"\x30\xff"})
    assert base64.b64decode(sent["encoded"]["csrs/a.csr"]) == b"\x30\xff"
    assert set(sent["files"]) == {"tls.json"}
    (folder / "tls.json").write_bytes(b'["caf\xe9"]')
    assert set(checkout(tmp_path, "dev")["encoded"]) == {"tls.json"}


def test_links_and_files_that_are_too_large_are_told_and_not_sent(tmp_path: Path, folder: Path) -> None:
    """Also those that no entry names: a run tells them, too."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (folder / "csrs" / "link.csr").symlink_to(secret)
    (folder / "revoked.json").symlink_to(secret)
    sent = body(tmp_path, folder, [{"csr_file": "link.csr"}], {"large.csr": b"x" * 40_000})
    assert set(sent["files"]) == {"tls.json"}
    assert set(sent["problems"]) == {"csrs/link.csr", "csrs/large.csr", "revoked.json"}


def test_a_folder_that_is_a_link_is_no_plan(tmp_path: Path, folder: Path) -> None:
    (folder / "tls.json").write_text("[]")
    (tmp_path / "certs").rename(tmp_path / "real")
    (tmp_path / "certs").symlink_to("real")
    with pytest.raises(PrivySealError, match="links are not followed"):
        checkout(tmp_path, "dev")


def test_files_that_fail_are_tried_again_later_and_later() -> None:
    now = 0.0
    patience = Patience(60, lambda: now)
    assert not patience.rests("one")
    waits = []
    for _ in range(9):
        patience.failed("one")
        before = now
        while patience.rests("one"):
            now += 60
        waits.append(now - before)
    assert waits[:4] == [60, 120, 240, 480]
    assert waits[-1] == LONGEST_S
    patience.failed("one")
    assert not patience.rests("two")
    patience.failed("two")
    now += 60
    assert not patience.rests("two")


def test_a_run_that_failed_has_no_progress_to_show(shell: Shell, far: FarSide) -> None:
    failed = {
        "id": "00000000-0000-0000-0000-000000000001",
        "state": "FAILED",
        "revision": "",
        "problem": "The repository cannot be read.",
        "planned": COUNTS,
        "done": COUNTS,
    }

    def answer(request: Received) -> Answer:
        return Answer({"steps": [], "next": None} if request.target.endswith("1000") else failed)

    far.answer = answer
    outcome = shell("gitops", "apply")
    assert outcome.code == 1
    assert "100 %" not in outcome.err
    assert "The repository cannot be read." in outcome.out
