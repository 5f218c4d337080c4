"""`privyseal device rotate-ca`."""

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import ISSUING_ARN, ROOT_ARN, Shell
from tests.client.far_side import Answer, FarSide

ID = "00000000-0000-0000-0000-000000000009"


def rotation(state: str | None = "RUNNING", **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": ID,
        "state": state,
        "next_step": "create",
        "until": "switched",
        "old_authority_arn": ISSUING_ARN,
        "new_authority_arn": None,
        "plan": {
            "subject": {"CommonName": "Issuing G2"},
            "key_algorithm": "EC_prime256v1",
            "signing_algorithm": "SHA256WITHECDSA",
            "validity_days": 1095,
            "parent_arn": ROOT_ARN,
        },
        "reason": "SUPERSEDED",
        "created_at": "2026-02-01T00:00:00Z",
        "finished_at": None,
        "failure": None,
        "csr": None,
        "mass_revocation": None,
        "steps": [{"step": "create", "done_at": "2026-02-01T00:00:01Z", "detail": "It was made."}],
        "devices_over": 3,
        "devices_waiting": 7,
        "registrars": None,
        "taken_over": None,
        "certificates_to_revoke": None,
    }
    return made | changes


def test_a_rotation_is_started_and_waited_for(shell: Shell, far: FarSide) -> None:
    far.say(Answer(rotation()), Answer(rotation("PAUSED")))
    outcome = shell("device", "rotate-ca", "start", "--wait", "--validity-days", "90")
    assert (outcome.code, outcome.err) == (0, "")
    assert "PAUSED" in outcome.out
    assert "It was made." in outcome.out
    assert far.received[0].target == "/api/v1/ca-rotations"
    assert far.received[0].json == {
        "until": "switched",
        "reason": "SUPERSEDED",
        "validity_days": 90,
        "dry_run": False,
    }
    assert far.received[1].target == f"/api/v1/ca-rotations/{ID}"


def test_a_dry_run_says_what_would_be(shell: Shell, far: FarSide) -> None:
    taken = {
        "permissions": ["acm.amazonaws.com"],
        "policy": True,
        "tags": ["owner"],
        "crls": True,
        "ocsp": False,
    }
    would = {"registrars": ["iot/eu-central-1"], "taken_over": taken, "certificates_to_revoke": 12}
    far.say(Answer(rotation(None, id=None, **would)))
    outcome = shell("device", "rotate-ca", "start", "--dry-run", "--wait")
    assert "dry run" in outcome.out
    assert "iot/eu-central-1" in outcome.out
    assert "the permission of acm.amazonaws.com, the resource policy, the tag owner, CRLs\n" in outcome.out
    assert "12 certificates" in outcome.out


def test_the_newest_is_meant_where_none_is_named(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"ca_rotations": [rotation("ABORTED", id="other"), rotation("PAUSED")], "next": None}))
    outcome = shell("device", "rotate-ca", "status", "--output", "json")
    assert json.loads(outcome.out)["id"] == ID


def test_what_is_waited_for_is_brought_and_what_is_still_missing_is_printed(
    shell: Shell, far: FarSide
) -> None:
    far.say(
        Answer(rotation("WAITING")),
        Answer(rotation("WAITING", failure="The new authority needs it.", csr="-----BEGIN …")),
    )
    Path(shell.directory, "new.pem").write_text("PEM")
    outcome = shell("device", "rotate-ca", "resume", ID, "--certificate", "new.pem", "--revoked-elsewhere")
    assert outcome.code == 1
    assert "The new authority needs it." in outcome.out
    assert "-----BEGIN" in outcome.out
    assert far.received[1].target == f"/api/v1/ca-rotations/{ID}/resume"
    assert far.received[1].json == {"until": "completed", "revoked_elsewhere": True, "certificate": "PEM"}


def test_it_is_aborted(shell: Shell, far: FarSide) -> None:
    far.say(Answer(rotation()), Answer(rotation("ABORTED")))
    assert "ABORTED" in shell("device", "rotate-ca", "abort", ID).out
    assert far.received[1].target == f"/api/v1/ca-rotations/{ID}/abort"


def test_an_abort_is_waited_for(shell: Shell, far: FarSide) -> None:
    far.say(Answer(rotation()), Answer(rotation("ABORTING")), Answer(rotation("ABORTED")))
    assert "ABORTED" in shell("device", "rotate-ca", "abort", ID, "--wait").out
    assert far.received[2].target == f"/api/v1/ca-rotations/{ID}"


def test_without_any_rotation_it_says_how_to_begin(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"ca_rotations": [], "next": None}))
    outcome = shell("device", "rotate-ca", "status")
    assert outcome.code != 0
    assert "start --dry-run" in outcome.err
