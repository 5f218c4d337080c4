"""The authority that takes another one's place has its permissions, its resource policy and its tags."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from privyseal.ca.model import Tag
from privyseal.ca.policy_document import check_policy
from privyseal.devices.ca_rotation.model import State, Step, Until
from privyseal.devices.ca_rotation.orders import StartRequest
from privyseal.devices.ca_rotation.plan import Wishes
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn
from tests.devices.deployment import ACCOUNT, OPERATOR, REGION
from tests.devices.rotations import Killed, Process

ACM = "acm.amazonaws.com"
RENEWS = ["IssueCertificate", "GetCertificate"]
CRLS: dict[str, Any] = {"Enabled": True, "ExpirationInDays": 7, "CustomCname": "crl.example"}
OCSP = {"Enabled": True, "OcspCustomCname": "ocsp.example"}
OTHERS = "444455556666"


def policy(arn: str) -> str:
    """As AWS's user guide has it, the ARN written with an escape that no search for its text finds."""
    read = [
        f"acm-pca:{name}"
        for name in (
            "DescribeCertificateAuthority",
            "GetCertificate",
            "GetCertificateAuthorityCertificate",
            "ListPermissions",
            "ListTags",
        )
    ]
    template = "arn:aws:acm-pca:::template/EndEntityCertificate/V1"
    both = {"Effect": "Allow", "Principal": {"AWS": OTHERS}, "Resource": arn}
    issue = {"StringEquals": {"acm-pca:TemplateArn": template}}
    statements = [
        both | {"Sid": f"reads {arn}", "Action": read},
        both | {"Sid": "1", "Action": "acm-pca:IssueCertificate", "Resource": [arn], "Condition": issue},
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=4)
    return text.replace('"Resource": "arn:', '"Resource": "\\u0061rn:')


def given(process: Process) -> None:
    """All that an authority can be given."""
    ca, old = process.product.authorities, process.configured
    ca.permissions.create(OPERATOR, old, ACM, RENEWS, None)
    ca.policies.put(OPERATOR, old, policy(old))
    ca.tags.add(
        OPERATOR, old, [Tag("stage", "production"), Tag("owner", None), Tag("privyseal:role", "issuing")]
    )
    revocation = {"CrlConfiguration": CRLS, "OcspConfiguration": OCSP}
    ca.authorities.update(OPERATOR, old, None, revocation)
    process.advance(1)


def grants(process: Process, arn: str) -> list[tuple[str, str, tuple[str, ...]]]:
    found, _ = process.product.authorities.permissions.page(OPERATOR, arn, None, 10)
    return [(each.principal, each.source_account, each.actions) for each in found]


def tags(process: Process, arn: str) -> dict[str, str | None]:
    return {each.key: each.value for each in process.product.authorities.tags.list(OPERATOR, arn)}


def newest(process: Process) -> str:
    found, _ = process.product.authorities.authorities.page(OPERATOR, REGION, None, 9)
    return str(max((row for row, _ in found), key=lambda row: row.created_at).arn)


def told(process: Process, arn: str) -> list[str]:
    return [each["action"] for each in process.product.journal() if each["resource"] == arn]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rotation.db"


@pytest.fixture
def process(path: Path) -> Iterator[Process]:
    made = Process(path)
    yield made
    made.product.close()


def test_the_new_authority_has_all_that_the_old_one_was_given(process: Process) -> None:
    given(process)
    rotation = process.run(process.start(Until.SWITCHED).rotation.id).rotation
    ca, new = process.product.authorities, str(rotation.new)
    assert grants(process, new) == [(ACM, ACCOUNT, tuple(RENEWS))]
    assert tags(process, new) == {"stage": "production", "owner": None, "privyseal:rotation": rotation.id}
    authority, _ = ca.authorities.describe(OPERATOR, new)
    assert authority.revocation == {"CrlConfiguration": CRLS, "OcspConfiguration": OCSP}
    document = ca.policies.get(OPERATOR, new)
    check_policy(document, AuthorityArn.parse(new))
    before, after = (json.loads(each) for each in (policy(process.configured), document))
    for statement in before["Statement"]:
        assert statement.pop("Resource") in (process.configured, [process.configured])
    assert [statement.pop("Resource") for statement in after["Statement"]] == [new, new]
    assert after == before, "and nothing else is another one"


def test_what_it_was_given_is_in_the_journal_in_the_commit_that_notes_the_new_one(process: Process) -> None:
    given(process)
    rotation = process.start(Until.REGISTERED).rotation
    process.work.advance(rotation)
    found = process.rotating.show(OPERATOR, rotation.id)
    new = str(found.rotation.new)
    assert told(process, new) == [
        "acm-pca:CreateCertificateAuthority",
        "acm-pca:CreatePermission",
        "acm-pca:PutPolicy",
        "acm-pca:TagCertificateAuthority",
    ]
    last = process.product.journal()[-4:]
    assert [each["action"] for each in last][-1] == "privyseal:RotateCa", "one commit"
    assert {each["detail"]["rotation"] for each in last} == {rotation.id}
    (step,) = found.done
    assert step.detail == (
        f"{new} was made, and has of the old one the permission of acm.amazonaws.com, the resource policy, "
        "the tag 'owner', the tag 'stage'."
    )


def test_one_that_was_given_nothing_has_nothing(process: Process) -> None:
    rotation = process.run(process.start(Until.REGISTERED).rotation.id).rotation
    new = str(rotation.new)
    assert (grants(process, new), set(tags(process, new))) == ([], {"privyseal:rotation"})
    with pytest.raises(PrivySealError, check=lambda error: error.code is ErrorCode.NOT_FOUND):
        process.product.authorities.policies.get(OPERATOR, new)


def test_a_third_one_has_the_mark_of_its_own_rotation(process: Process) -> None:
    given(process)
    process.run(process.start().rotation.id)
    second = process.run(process.start(Until.SWITCHED).rotation.id).rotation
    new = str(second.new)
    assert tags(process, new) == {"stage": "production", "owner": None, "privyseal:rotation": second.id}
    assert grants(process, new) == [(ACM, ACCOUNT, tuple(RENEWS))]


def test_killed_before_the_new_one_is_noted_it_is_given_all_the_same_and_once(path: Path) -> None:
    first = Process(path)
    given(first)
    rotation = first.start(Until.REGISTERED).rotation
    first.acts.kill_at = Step.CREATE
    with pytest.raises(Killed):
        first.work.advance(rotation)
    made = newest(first)
    assert grants(first, made) == [], "it is the commit of the note that gives"
    first.product.store.close()
    second = Process(path, first.configured)
    second.product.clock.advance(first.product.clock.now() - second.product.clock.now())
    new = str(second.run(rotation.id).rotation.new)
    assert new == made
    assert grants(second, new) == [(ACM, ACCOUNT, tuple(RENEWS))]
    assert told(second, new).count("acm-pca:CreatePermission") == 1
    second.product.close()


def test_what_somebody_has_given_the_new_one_before_stays(process: Process) -> None:
    given(process)
    rotation = process.start(Until.REGISTERED).rotation
    process.acts.kill_at = Step.CREATE
    with pytest.raises(Killed):
        process.work.advance(rotation)
    process.acts.kill_at = None
    ca = process.product.authorities
    new = newest(process)
    ca.permissions.create(OPERATOR, new, ACM, ["GetCertificate"], None)
    ca.tags.add(OPERATOR, new, [Tag("stage", "new")])
    ca.policies.put(OPERATOR, new, policy(new))
    assert process.run(rotation.id).rotation.state is State.PAUSED
    assert grants(process, new) == [(ACM, ACCOUNT, ("GetCertificate",))]
    assert tags(process, new)["stage"] == "new"
    assert ca.policies.get(OPERATOR, new) == policy(new)


def test_a_dry_run_says_what_it_would_have_and_refuses_what_could_not_be(process: Process) -> None:
    given(process)
    request = StartRequest(OPERATOR, Wishes(), "SUPERSEDED", Until.COMPLETED)
    taken = process.rotating.preview(request).taken
    assert str(taken) == (
        "the permission of acm.amazonaws.com, the resource policy, the tag 'owner', the tag 'stage'"
    )
    tagging = process.product.authorities.tags
    tagging.remove(OPERATOR, process.configured, [Tag("privyseal:role", None)])
    tagging.add(OPERATOR, process.configured, [Tag(f"t{n}", "") for n in range(48)])
    for asked in (process.rotating.preview, process.rotating.start):
        with pytest.raises(PrivySealError, match="remove one first") as caught:
            asked(request)
        assert caught.value.code is ErrorCode.TOO_MANY_TAGS
